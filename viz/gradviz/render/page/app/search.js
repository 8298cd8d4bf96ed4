// Search.

const MOST_RESULTS = 50;

/** What is searched of each thing: names, module, source lines. */
function haystackOf(m) {
  const places = m.loss.places.map((_, number) => {
    const {file, line, code} = m.place(number);
    return `${file}:${line} ${code}`;
  });
  const ofNode = node => {
    const number = m.parameter[node];
    const also = number < 0 ? [] : m.loss.parameters.also[number];
    const at = [places[m.at[node]], places[m.caller[node]]];
    return [m.name(node), wordsOfNode(node), ...also, m.strings[m.scope[node]], ...at];
  };
  const wordsOfNode = node => {
    if (m.isMark(node)) return `cut ${(m.loss.marks[node] || []).map(i => m.loss.cuts[i].kind)}`;
    const isPartial = m.isPartial(node);
    if (!m.isTensor(node)) return "";
    return `${DATA.verdicts[m.verdict[node]].name}${isPartial ? " partial" : ""}`;
  };
  const ofGroup = thing => {
    const {name, path, kind, words} = m.group(thing);
    return thing === m.n ? [] : [name, path, kind, words];
  };
  const haystack = [];
  for (let thing = 0; thing < m.n + m.g; thing++) {
    const texts = m.isGroup(thing) ? ofGroup(thing) : ofNode(thing);
    haystack.push(texts.filter(Boolean).join(" ").toLowerCase());
  }
  return haystack;
}

/** The things that have all words; what is called so comes before what is only near. */
function find(words) {
  const {model: m} = state;
  m.haystack ||= haystackOf(m);
  const ranked = [[], [], [], []];
  m.haystack.forEach((text, thing) => {
    if (!words.every(word => text.includes(word))) return;
    const name = m.name(thing).toLowerCase();
    const isNamed = words.every(word => name.includes(word));
    const isChief = m.isGroup(thing) || m.isTensor(thing) || m.isMark(thing);
    ranked[(isNamed ? 0 : 2) + (isChief ? 0 : 1)].push(thing);
  });
  return ranked.flat();
}

function search(text) {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const list = $("results");
  const things = words.length ? find(words) : [];
  const rest = `, the first ${MOST_RESULTS} are shown`;
  const count = `${grouped(things.length)} found${things.length > MOST_RESULTS ? rest : ""}`;
  $("found").textContent = words.length ? count : "";
  list.replaceChildren(...things.slice(0, MOST_RESULTS).map(entryOf));
  list.hidden = !things.length;
}

function listenToSearch() {
  const input = $("search");
  const list = $("results");
  input.addEventListener("input", () => search(input.value));
  input.addEventListener("keydown", event => {
    const first = list.querySelector("button");
    if (event.key === "Enter" && first) first.click();
    if (event.key === "ArrowDown" && first) {
      first.focus();
      event.preventDefault();
    }
    if (event.key === "Escape") {
      input.value = "";
      search("");
    }
  });
  list.addEventListener("keydown", event => {
    const item = event.target.closest("li");
    const next = {ArrowDown: item.nextSibling, ArrowUp: item.previousSibling}[event.key];
    if (next) next.firstChild.focus();
    else if (event.key === "ArrowUp" || event.key === "Escape") input.focus();
    if (event.key.startsWith("Arrow")) event.preventDefault();
  });
}
