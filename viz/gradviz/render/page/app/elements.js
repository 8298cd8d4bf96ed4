// The elements that panel and lists are made of.

const SVG = "http://www.w3.org/2000/svg";

/** A sample of a look, with its mark. */
function swatch(name, mark = "") {
  const icon = h("span", {class: `swatch ${name}`, "aria-hidden": "true"});
  if (!DATA.glyphs[mark]) {
    icon.append(mark);
    return icon;
  }
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 -9 10 9");
  path.setAttribute("d", DATA.glyphs[mark]);
  svg.append(path);
  icon.append(svg);
  return icon;
}

function swatchOf(thing) {
  const {model: m} = state;
  const verdict = m.verdictOf(thing);
  if (verdict >= 0) return swatch(WORDS[verdict], DATA.verdicts[verdict].mark);
  return swatch(m.isLoss(thing) ? "loss" : "op");
}

/** A line of a list: what a click on it does, a swatch, a name, and what is said beside it. */
function entry(icon, name, more, properties) {
  const label = [h("span", {class: "name"}, name), more && h("span", {class: "more"}, more)];
  return h("button", {type: "button", class: "entry", ...properties}, icon, h("span", {}, label));
}

function entryOf(thing) {
  const {model: m} = state;
  const onclick = () => select(thing, {isShown: true});
  const full = m.isTensor(thing) ? m.name(thing) : m.nameHere(thing);
  const name = m.isGroup(thing) ? pathOf(thing) : full;
  return h("li", {}, entry(swatchOf(thing), name, asideOf(thing), {onclick}));
}

/** A group by its whole path: a run by that of what it lies in and its own name. */
function pathOf(thing) {
  const {sort, path, local} = state.model.group(thing);
  return sort === "module" ? path || local : [path, local].filter(Boolean).join(".");
}

/** What a list says beside a name: the verdict, or module and line. */
function asideOf(thing) {
  const {model: m} = state;
  if (m.isGroup(thing)) return m.group(thing).words;
  if (m.isTensor(thing)) return DATA.verdicts[m.verdict[thing]].name;
  const place = m.place(m.at[thing]);
  return [m.strings[m.scope[thing]], place && place.at].filter(Boolean).join(" · ");
}

const MOST_ENTRIES = 12; // of a list, before the rest is asked for

/** A title with how many there are, and a list of things, each once. */
function listOf(title, things, total = new Set(things).size) {
  const most = MOST_ENTRIES;
  const list = [...new Set(things)];
  if (!list.length) return [];
  const ul = h("ul", {}, list.slice(0, most).map(entryOf));
  const rest = list.length - most;
  if (rest > 0) {
    const onclick = () => {
      more.remove();
      ul.append(...list.slice(most, most + 200).map(entryOf));
    };
    const label = h("span", {class: "more"}, `${grouped(rest)} more`);
    const more = h("li", {}, h("button", {type: "button", class: "entry", onclick}, label));
    ul.append(more);
  }
  return [h("h3", {}, `${title} (${grouped(total)})`), ul];
}

/** A list with its middle left out where it is long. */
function shortened(items, noun, begin, end = 0) {
  const rest = items.length - begin - end;
  if (rest <= 0) return items;
  const more = h("li", {}, h("span", {class: "entry more"}, `${rest} more${noun}`));
  return [...items.slice(0, begin), more, ...items.slice(items.length - end)];
}

/** A source line under a title; nothing where no place is known. */
function placeOf(number, {title = "", isBroken = false, near = []} = {}) {
  const place = state.model.place(number);
  if (!place) return [];
  const inside = place.inside ? ` in ${place.inside}` : "";
  const at = h("span", {class: "at"}, linkTo(place), inside);
  const code = place.code && h("pre", {class: isBroken && "broken"}, place.code);
  const lines = near.length ? codeAround(place.line, ...near) : code;
  return [title && h("h3", {}, title), h("div", {}, at, copyOf(place), lines)];
}

/** A line with those before and after it, itself marked. */
function codeAround(line, first, lines) {
  const width = `${first + lines.length - 1}`.length;
  const shown = lines.map((text, i) => {
    const number = `${first + i}`.padStart(width);
    // No line breaks in the indent.
    const kept = text.replace(/^ +/, indent => "\u00a0".repeat(indent.length));
    const kind = first + i === line ? "broken" : "near";
    return h("span", {class: kind}, `${number}\u00a0\u00a0${kept}`);
  });
  return h("pre", {class: "broken"}, shown);
}

/** A place that opens in an editor, where its file has a full path. */
function linkTo({file, line}) {
  const at = `${file}:${line}`;
  if (!/^(\/|[A-Za-z]:[\\/])/.test(file)) return at;
  const path = encodeURI(file.replace(/\\/g, "/")).replace(/[?#]/g, encodeURIComponent);
  const href = editor().replace("{file}", () => path).replace("{line}", line);
  return h("a", {href, title: "Open in an editor"}, at);
}

function copyOf({file, line}) {
  const onclick = async event => {
    const button = event.target;
    await navigator.clipboard.writeText(`${file}:${line}`);
    button.textContent = "copied";
  };
  const label = `Copy ${file}:${line}`;
  return h("button", {type: "button", class: "copy", "aria-label": label, onclick}, "copy");
}

/** Terms and values; what has no value is left out. */
function facts(pairs) {
  const isThere = ([, value]) => value !== "" && value !== null && value !== undefined;
  const row = ([term, value]) => [h("dt", {}, term), h("dd", {}, value)];
  return h("dl", {}, pairs.filter(isThere).map(row));
}

function action(label, onclick, properties = {}) {
  return h("button", {type: "button", class: "action", onclick, ...properties}, label);
}

// Changes of the code whose effect was measured.

/** A button that shows a patch, what it did to the step, and the patch to copy. */
function patch(number) {
  const {title, effect, diff, whole} = DATA.patches[number];
  const marks = {"+": "added", "-": "removed", "@": "hunk"};
  const markOf = line => (/^(---|\+\+\+) /.test(line) ? "near" : marks[line[0]] || "near");
  const lines = diff.map(line => h("span", {class: markOf(line)}, line || " "));
  const copy = async event => {
    const button = event.target;
    await navigator.clipboard.writeText(whole);
    button.textContent = "copied";
  };
  const shown = h(
    "div",
    {hidden: true},
    effect.map(sentence => h("p", {}, sentence)),
    h("pre", {class: "patch"}, lines),
    whole && h("button", {type: "button", class: "copy", onclick: copy}, "copy for git apply"),
  );
  const onclick = event => {
    shown.hidden = !shown.hidden;
    event.target.setAttribute("aria-expanded", flag(!shown.hidden));
  };
  return [action(`Measured patch: ${title}`, onclick, {"aria-expanded": "false"}), shown];
}

/** The patches that the culprit's text does not show already. */
function patchesOfLoss() {
  const answered = culpritOf(state.model)?.patches || [];
  const others = DATA.patches.map((_, number) => number).filter(i => !answered.includes(i));
  return others.length ? [h("h3", {}, "Measured patches"), others.map(patch)] : [];
}
