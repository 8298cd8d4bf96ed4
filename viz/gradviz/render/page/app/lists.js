// What stands beside the picture: cuts, filters, tabs, the tree of modules, and what search finds.

// Cuts, filters, lines, tabs.

const MOST_CUTS = 200;

function drawCuts() {
  const {cuts} = state.model.loss;
  const section = $("cuts");
  section.hidden = !cuts.length;
  section.querySelector("h2").textContent = `Cuts (${grouped(cuts.length)})`;
  section.querySelector("ol").replaceChildren(...shortened(cuts.map(entryOfCut), "", MOST_CUTS));
}

function entryOfCut(cut, number) {
  const {model: m} = state;
  const place = m.place(cut.at);
  const mark = m.markOf(number);
  const thing = mark >= 0 ? mark : m.nodeOfParameter(cut.parameters[0]);
  const severs =
    number === m.without
      ? "taken for no cut"
      : `${cut.library ? "inside torch, " : ""}${cut.severs}`;
  const more = [place && place.at, severs].filter(Boolean).join(" · ");
  return h(
    "li",
    {},
    entry(swatch("cut", DATA.looks.cut.mark), cut.operation, more, {
      "aria-current": isCurrent(number, mark) ? "true" : null,
      onclick: () => select(thing, {isShown: true, cut: number}),
    }),
  );
}

function isCurrent(number, mark) {
  const {selected, cut} = state;
  return cut >= 0 ? cut === number : selected >= 0 && mark === selected;
}

function drawFilters() {
  const {model: m} = state;
  const {verdicts} = m.tally(m.n);
  const chips = DATA.verdicts.map(({word, name, meaning, mark}, verdict) => {
    const properties = {
      type: "button",
      class: "chip",
      "aria-pressed": flag(!m.isHidden[verdict]),
      title: `${meaning}; click to show or hide`,
      onclick: () => filter(verdict),
    };
    return h("button", properties, swatch(word, mark), `${name} ${grouped(verdicts[verdict])}`);
  });
  $("filters").replaceChildren(...chips.filter((_, verdict) => verdicts[verdict]));
}

/** Show or hide everything of a verdict. */
function filter(verdict) {
  state.model.isHidden[verdict] ^= 1;
  const focus = [...$("filters").children].indexOf(document.activeElement);
  drawFilters();
  if (focus >= 0) $("filters").children[focus].focus();
  state.rows = null;
  drawTree();
  draw();
  remember();
}

function drawLegend() {
  const present = new Set(state.model.strokes);
  const sample = ({name, meaning}) => h("span", {}, h("i", {class: name}), meaning);
  const lines = DATA.strokes.map(sample).filter((_, stroke) => present.has(stroke));
  const hasPartial = state.model.isPartial(state.model.n);
  const partial = hasPartial ? [sample({name: "partial", meaning: DATA.partial})] : [];
  const amount = {name: "amount", meaning: "gradient norm of a module (log scale)"};
  const amounts = SERIES ? [sample(amount)] : [];
  $("legend").replaceChildren(...partial, ...lines, ...amounts);
}

/** The loss as the report has it, also while one of its cuts is taken for none. */
const lossShown = () => (state.model.actual ?? state.model).loss;

function drawTabs() {
  const {losses} = DATA;
  const go = number => {
    showLoss(number);
    $(`tab-${number}`).focus();
  };
  const tabs = losses.map((loss, number) => {
    const isShown = lossShown() === loss;
    const properties = {
      type: "button",
      role: "tab",
      id: `tab-${number}`,
      "aria-controls": "main",
      "aria-selected": flag(isShown),
      tabindex: isShown ? "0" : "-1",
      onclick: () => go(number),
      onkeydown: event => {
        const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
        if (!step) return;
        go((number + step + losses.length) % losses.length);
        event.preventDefault();
      },
    };
    return h("button", properties, loss.name, loss.failed ? h("b", {}, " raised") : []);
  });
  $("tabs").hidden = losses.length < 2;
  $("tabs").replaceChildren(...tabs);
  tabs[losses.indexOf(lossShown())].scrollIntoView({block: "nearest", inline: "nearest"});
}

function showPanel(name) {
  document.body.dataset.panel = name;
  for (const button of $("switch").children) {
    button.setAttribute("aria-pressed", flag(button.dataset.panel === name));
  }
  if (name === "finder" && state.layout) drawTree();
}

// The tree: only the lines in sight are elements.

/** The lines of the tree from the top, groups before what is in them. */
function treeRows() {
  if (state.rows) return state.rows;
  const {model: m} = state;
  const rows = [];
  const waiting = [m.n];
  while (waiting.length) {
    const thing = waiting.pop();
    if (thing !== m.n) {
      if (m.isFaint(thing) || !isListed(thing)) continue;
      rows.push(thing);
    }
    if (m.isOpen(thing)) {
      const inner = m.children[thing - m.n];
      for (let i = inner.length - 1; i >= 0; i--) waiting.push(inner[i]);
    }
  }
  m.rowOf = new Map(rows.map((thing, row) => [thing, row]));
  state.rows = rows;
  return rows;
}

/** Operations are listed only on request. */
function isListed(thing) {
  const {model: m, isFull} = state;
  return isFull || m.isGroup(thing) || m.isTensor(thing) || m.isMark(thing);
}

function drawTree(isScrolled = false) {
  const tree = $("tree");
  const list = treeRows();
  const {rowOf, parent, n} = state.model;
  while (state.active > n && !rowOf.has(state.active)) state.active = parent[state.active];
  if (state.active >= 0 && state.active < n && !rowOf.has(state.active)) {
    state.active = parent[state.active];
  }
  if (!rowOf.has(state.active)) state.active = list.length ? list[0] : -1;
  const high = tree.clientHeight || 400;
  const at = rowOf.get(state.active);
  $("rows").style.height = `${list.length * TREE_ROW}px`;
  if (isScrolled && at !== undefined) {
    const isAbove = at * TREE_ROW < tree.scrollTop;
    const isBelow = (at + 1) * TREE_ROW > tree.scrollTop + high;
    if (isAbove || isBelow) tree.scrollTop = at * TREE_ROW - high / 2;
  }
  const first = Math.max(0, Math.floor(tree.scrollTop / TREE_ROW) - 4);
  const last = Math.min(list.length, Math.ceil((tree.scrollTop + high) / TREE_ROW) + 4);
  const shown = list.slice(first, last).map((thing, i) => elementOfRow(thing, first + i));
  if (at !== undefined && (at < first || at >= last)) shown.push(elementOfRow(state.active, at));
  $("rows").replaceChildren(...shown);
  if (state.active >= 0) tree.setAttribute("aria-activedescendant", `row-${state.active}`);
  else tree.removeAttribute("aria-activedescendant");
}

/** What the tree says beside a name. */
function wordsOf(thing) {
  const {model: m} = state;
  if (m.isGroup(thing)) return m.group(thing).words;
  return m.verdict[thing] < 0 ? "" : DATA.verdicts[m.verdict[thing]].name;
}

function elementOfRow(thing, row) {
  const {model: m, selected, active} = state;
  const isGroup = m.isGroup(thing);
  const siblings = m.children[m.parent[thing] - m.n].filter(isListed);
  const level = m.depth[thing];
  const classes = ["row", isGroup && "module", thing === selected && "selected"];
  const words = wordsOf(thing);
  const sign = m.isOpen(thing) ? "▾" : "▸";
  const element = h(
    "div",
    {
      id: `row-${thing}`,
      role: "treeitem",
      class: [...classes, thing === active && "active"].filter(Boolean).join(" "),
      "aria-level": level,
      "aria-setsize": siblings.length,
      "aria-posinset": siblings.indexOf(thing) + 1,
      "aria-selected": flag(thing === selected),
      "aria-expanded": isGroup ? flag(m.isOpen(thing)) : null,
      title: about(thing),
    },
    h("span", {class: "twist", "aria-hidden": "true"}, isGroup ? sign : ""),
    swatchOf(thing),
    h("span", {class: "name"}, m.nameHere(thing)),
    words && h("span", {class: `said${words === "reached" ? " plain" : ""}`}, words),
  );
  element.style.top = `${row * TREE_ROW}px`;
  element.style.paddingLeft = `${4 + Math.min(level - 1, 12) * 14}px`;
  return element;
}

function goToRow(row) {
  const list = treeRows();
  state.active = list[Math.max(0, Math.min(list.length - 1, row))];
  select(state.active);
  drawTree(true);
  bring(state.active);
}

/** What each key does in the tree. */
function treeKeys() {
  const {model: m, active} = state;
  const at = m.rowOf.get(active) ?? 0;
  const isGroup = active >= 0 && m.isGroup(active);
  const isOpen = isGroup && m.isOpen(active);
  const page = Math.max(1, Math.floor($("tree").clientHeight / TREE_ROW) - 1);
  const parent = m.parent[active];
  const choose = how => {
    if (isGroup) toggle(active);
    select(active, how);
  };
  return {
    ArrowDown: () => goToRow(at + 1),
    ArrowUp: () => goToRow(at - 1),
    Home: () => goToRow(0),
    End: () => goToRow(Infinity),
    PageDown: () => goToRow(at + page),
    PageUp: () => goToRow(at - page),
    ArrowRight: () => {
      if (isOpen) goToRow(at + 1);
      else if (isGroup) toggle(active);
    },
    ArrowLeft: () => {
      if (isOpen) toggle(active);
      else if (parent !== m.n) goToRow(m.rowOf.get(parent));
    },
    Enter: () => choose({isShown: true}),
    " ": () => choose({}),
  };
}

function listenToTree() {
  const tree = $("tree");
  tree.addEventListener("scroll", () => drawTree());
  tree.addEventListener("click", event => {
    const element = event.target.closest(".row");
    if (!element) return;
    const thing = Number(element.id.slice(4));
    const isSwitch = event.target.closest(".twist") || event.detail === 2;
    state.active = thing;
    if (state.model.isGroup(thing) && isSwitch) toggle(thing);
    select(thing);
    bring(thing);
  });
  tree.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const act = treeKeys()[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    drawTree(true);
  });
}

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

/**
 * The things that have all words: first what is called just so, then what has them in its name,
 * then what is only near.
 */
function find(words) {
  const {model: m} = state;
  m.haystack ||= haystackOf(m);
  const whole = words.join(" ");
  const ranked = [[], [], [], [], []];
  m.haystack.forEach((text, thing) => {
    if (!words.every(word => text.includes(word))) return;
    const name = m.name(thing).toLowerCase();
    const names = [name, m.nameHere(thing).toLowerCase(), about(thing).toLowerCase()];
    const isChief = m.isGroup(thing) || m.isTensor(thing) || m.isMark(thing);
    const isNamed = words.every(word => name.includes(word));
    const isIt = isChief && names.includes(whole);
    ranked[isIt ? 0 : (isNamed ? 1 : 3) + (isChief ? 0 : 1)].push(thing);
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
