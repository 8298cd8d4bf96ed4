// What every part uses: the report, its numbers over a run, the state, and the graph of one loss.

// What every part uses: the report, the numbers of the drawing, the state, and small functions.

// The report, as gradviz/render/html.py writes it. All words about it are in it; the script
// arranges them, draws them and walks through them.
const DATA = JSON.parse(document.getElementById("data").textContent);
for (const {parameters} of DATA.losses) {
  for (const [name, values] of Object.entries(parameters)) parameters[name] = unrolled(values);
}
const WORDS = DATA.verdicts.map(verdict => verdict.word);
const CUT = WORDS.indexOf("cut");
const [LOSS, , MARK, PARAMETER, , STUB] = [0, 1, 2, 3, 4, 5]; // SORTS of page_things.py
const STROKE = Object.fromEntries(DATA.strokes.map((stroke, number) => [stroke.name, number]));

/** A column as it is written: a value for each, or each value with how often it comes in a row. */
function unrolled(values) {
  if (!values.runs) return values;
  const column = [];
  for (let i = 0; i < values.runs.length; i += 2) {
    for (let times = values.runs[i + 1]; times > 0; times--) column.push(values.runs[i]);
  }
  return column;
}

const isAlive = stroke => stroke === STROKE.gradient || stroke === STROKE.zero;

const IN = -1; // where a line enters an open group
const OUT = -2; // where a line leaves it
const ADVANCE = 0.6; // width of a character, in multiples of the font's size
const NAME = 12; // size of the font of names
const DETAIL = 11; // size of the font of everything else
// How close things stand: as far apart as looks well, closer, and each box on one line besides
const ROOMS = [
  {pad: 10, header: 22, rowGap: 16, columnGap: 26, sideGap: 24},
  {pad: 7, header: 20, rowGap: 10, columnGap: 22, sideGap: 20},
  {pad: 5, header: 19, rowGap: 9, columnGap: 14, sideGap: 14, isBrief: true},
];
const FEW = 30; // boxes of a picture that may stand closer so that all are in sight
const STACK_GAP = 6;
const LANE = 7;
const MARK_WIDE = 14;
const NOTCH = 9; // sides of the corner that says partial
const LINE_HIGH = 14;
const FIRST_LINE = 16; // from the upper edge of a box down to the line that its name stands on
const LOW = 24; // height of a box of one line
const FAR = 1e6;
const TREE_ROW = 26; // height of a line of the tree
const SMALLEST = 26; // pixels of an open group below which it is drawn as one box
const LEGIBLE = 4.5; // pixels of a font below which no text is drawn
const READABLE = 10; // pixels of the smallest font that a first screen has, at least
const STILL_READABLE = 9; // and where all of the picture, or of its width, is in sight by that

/** Everything that changes while a reader looks around. */
const state = {
  models: [], // one for each loss, made when it is first shown
  model: null, // of the loss that is shown
  layout: null, // of what is open in it
  edition: 0, // counts layouts, so that one made in pauses is dropped when another is wanted
  view: {x: 0, y: 0, k: 1}, // the upper left corner of the window, and the scale
  isFitted: true, // the view follows the size of the window
  selected: -1,
  cut: -1, // the one cut of a mark that is asked for; -1 for all of it
  isFull: false, // the tree shows operations too
  near: {box: -1}, // the box that stands for what is selected
  hovered: -1,
  route: null,
  rows: null, // the lines of the tree, or null until they are asked for
  active: -1, // the line of the tree that the keyboard is on
  colours: {},
  pen: null, // what is drawn with: the screen, or a file that is saved
  frame: 0, // the next frame that is asked for, or 0
  motion: 0, // the frame of a movement of the view
  address: "", // what was last written into the address
  timer: 0,
  parts: null, // where those of the last picture over time are, for the pointer
};

const $ = id => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** An element with properties and children; text is only ever text. */
function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  const isThere = child => child !== null && child !== undefined && child !== "";
  element.append(...children.flat(Infinity).filter(isThere));
  return element;
}

const grouped = number => number.toLocaleString("en");
const counted = (number, noun, plural = `${noun}s`) =>
  `${grouped(number)} ${number === 1 ? noun : plural}`;
const flag = value => (value ? "true" : "false");
const clamp = (number, least, most) => Math.min(most, Math.max(least, number));

// How much gradient there is over the calls of a run: what is chosen, and the scale.

const SERIES = DATA.series; // null unless a run was watched over time
const STEPS = 9; // of the colours of the scale, s0 to s8 in the style sheet

/** What is looked at of the series: a block, a call, and which of their numbers. */
const chosen = {block: 0, call: SERIES ? SERIES.calls.length - 1 : 0, column: "norms"};

const isNumber = value => typeof value === "number";
const isAbove = value => isNumber(value) && value > 0;

/** Where a number above zero lies on the logarithmic scale of its kind, from 0 to 1. */
function shareOf(value, column) {
  const [low, high] = SERIES.scales[column];
  return Math.min(1, Math.max(0, (Math.log10(value) - low) / (high - low)));
}

/** A number as a reader wants it; those that JSON does not know are words already. */
function amountOf(value) {
  if (value === null || value === undefined) return "not measured";
  return isAbove(value) ? value.toExponential(1) : String(value);
}

/** What is chosen, in words: for the line below the picture, and for screen readers. */
function textOfChosen() {
  const block = SERIES.blocks[chosen.block];
  const at = chosen.call;
  const zeros = block.zeros[at];
  const share = isNumber(zeros) ? `, ${(100 * zeros).toFixed(0)} % zeros` : "";
  const loss = SERIES.losses[at] === null ? "" : `; loss ${amountOf(SERIES.losses[at])}`;
  const norm = `gradient ${amountOf(block.norms[at])}`;
  const ratio = block.ratios[at];
  const update = `update ${amountOf(ratio)}${isNumber(ratio) ? " of the weight" : ""}`;
  return `${block.name}, call ${grouped(SERIES.calls[at])}: ${norm}, ${update}${share}${loss}`;
}

function seriesColours() {
  const style = getComputedStyle(document.documentElement);
  const get = name => style.getPropertyValue("--" + name).trim();
  return {
    steps: Array.from({length: STEPS}, (_, step) => get("s" + step)),
    zero: get("zero-fill"),
    wild: get("cut-fill"),
  };
}

// The graph of one loss.

/**
 * Things are numbered: the nodes first, then the groups of the tree. A group has a larger number
 * than the groups around it.
 */
class Model {
  constructor(loss) {
    this.loss = loss;
    this.strings = loss.strings;
    this.n = loss.things;
    this.g = loss.groups.length;
    for (const [name, values] of Object.entries(loss.nodes)) this[name] = unrolled(values);
    this.parent = new Int32Array(this.n + this.g).fill(-1);
    this.depth = new Int32Array(this.n + this.g);
    this.children = Array.from({length: this.g}, () => []);
    this.readTree();
    const [steps, spans, strokes] = loss.lines.map(unrolled);
    let source = 0;
    this.sources = steps.map(step => (source += step));
    this.targets = spans.map((span, line) => this.sources[line] + span);
    this.strokes = strokes;
    this.after = this.index(this.sources);
    this.before = this.index(this.targets);
    this.boxLines = loss.boxes.map(lines => lines.map(line => this.readLine(line)));
    this.briefLines = this.boxLines.map(([name, ...lines]) => {
      const mark = [name, ...lines].find(line => line.mark)?.mark;
      return [{...name, mark: mark ?? ""}];
    });
    this.room = 0; // which of ROOMS it is laid out with
    this.tallies = loss.tallies.map(row => this.readTally(row));
    this.open = new Uint8Array(this.g);
    this.isHidden = new Uint8Array(WORDS.length);
    this.foldAsAtFirst();
  }

  readTree() {
    const {tree} = this.loss;
    const ends = [];
    const groups = [];
    let group = 0;
    for (let i = 0; i < tree.length; i++) {
      while (ends.length && ends[ends.length - 1] <= i) {
        ends.pop();
        groups.pop();
      }
      const isGroup = tree[i] < 0 || i === 0;
      const thing = isGroup ? this.n + group : tree[i];
      if (groups.length) {
        this.parent[thing] = groups[groups.length - 1];
        this.depth[thing] = groups.length;
        this.children[this.parent[thing] - this.n].push(thing);
      }
      if (isGroup) {
        ends.push(i + 1 - tree[i]);
        groups.push(thing);
        group++;
      }
    }
  }

  /** A line of a box, with the width of its texts. */
  readLine([text, mark = "", aside = -1, isCut = 0]) {
    const wide = number => (this.loss.wide[number] ?? this.strings[number].length) * ADVANCE;
    return {
      text: this.strings[text],
      wide: wide(text),
      mark,
      aside: aside < 0 ? "" : this.strings[aside],
      asideWide: aside < 0 ? 0 : wide(aside),
      isCut: isCut === 1,
    };
  }

  /** How much there is in a group. */
  readTally(row) {
    const verdicts = row.slice(0, WORDS.length);
    const [partial, elements, operations, marks, pruned] = row.slice(WORDS.length);
    const parameters = verdicts.reduce((sum, number) => sum + number, 0);
    return {verdicts, parameters, partial, elements, operations, marks, pruned};
  }

  /** For each node the numbers of the lines that have it in ``ends``. */
  index(ends) {
    const starts = new Int32Array(this.n + 1);
    const lines = new Int32Array(ends.length);
    for (const node of ends) starts[node + 1]++;
    for (let i = 0; i < this.n; i++) starts[i + 1] += starts[i];
    const at = starts.slice();
    ends.forEach((node, line) => {
      lines[at[node]++] = line;
    });
    return node => lines.subarray(starts[node], starts[node + 1]);
  }

  foldAsAtFirst() {
    this.open.fill(0);
    this.open[0] = 1;
    for (const group of this.loss.open) this.open[group] = 1;
  }

  isGroup(thing) {
    return thing >= this.n;
  }

  isOpen(thing) {
    return thing >= this.n && this.open[thing - this.n] === 1;
  }

  isTensor(thing) {
    return thing < this.n && this.sort[thing] >= PARAMETER;
  }

  isLoss(thing) {
    return thing < this.n && this.sort[thing] === LOSS;
  }

  isMark(thing) {
    return thing < this.n && this.sort[thing] === MARK;
  }

  group(thing) {
    const row = this.loss.groups[thing - this.n];
    const [sort, name, path, times, kind, local, words, tally, lines, title] = row;
    const boxLines = ROOMS[this.room].isBrief ? this.briefLines : this.boxLines;
    return {
      sort,
      name,
      path,
      times,
      kind: this.strings[kind],
      local: this.strings[local],
      words: this.strings[words],
      tally: this.tallies[tally],
      lines: boxLines[lines],
      title: this.boxLines[title][0],
    };
  }

  tally(thing) {
    return this.tallies[this.loss.groups[thing - this.n][7]];
  }

  name(thing) {
    return this.isGroup(thing) ? this.group(thing).name : this.strings[this.text[thing]];
  }

  /** The name without the path of the module that it is shown in. */
  nameHere(thing) {
    if (this.isGroup(thing)) return this.group(thing).local;
    const local = this.local[thing];
    return local < 0 ? this.name(thing) : this.strings[local];
  }

  /** What is written in the box of a thing: the name first. */
  linesOf(thing) {
    if (this.isGroup(thing)) return this.group(thing).lines;
    const isBrief = ROOMS[this.room].isBrief && !this.isMark(thing);
    return (isBrief ? this.briefLines : this.boxLines)[this.lines[thing]];
  }

  place(number) {
    if (number < 0) return null;
    const [file, line, code, inside, at] = this.loss.places[number];
    const {strings} = this;
    return {
      file: strings[file],
      line,
      code: strings[code],
      inside: strings[inside],
      at: strings[at],
    };
  }

  /** The one verdict that all parameters in a thing have, else -1. */
  verdictOf(thing) {
    if (!this.isGroup(thing)) return this.verdict[thing];
    const {verdicts, parameters} = this.tally(thing);
    return parameters ? verdicts.indexOf(parameters) : -1;
  }

  /** One route of a parameter in it is severed beside a live one. */
  isPartial(thing) {
    if (this.isGroup(thing)) return this.tally(thing).partial > 0;
    return this.parameter[thing] >= 0 && this.loss.parameters.partial[this.parameter[thing]] === 1;
  }

  /** Everything in it is filtered away. */
  isFaint(thing) {
    if (!this.isGroup(thing)) {
      return this.isTensor(thing) && this.isHidden[this.verdict[thing]] === 1;
    }
    const {verdicts, parameters} = this.tally(thing);
    return (
      parameters > 0 && verdicts.every((number, verdict) => !number || this.isHidden[verdict])
    );
  }

  /** Gradient would arrive at all of it, had nothing been severed. */
  isPruned(thing) {
    const verdict = this.verdictOf(thing);
    if (this.isGroup(thing)) {
      const {pruned, operations} = this.tally(thing);
      return pruned > 0 && (verdict === CUT || (verdict < 0 && pruned === operations));
    }
    if (this.pruned[thing] !== 1 || this.isMark(thing)) return false;
    return verdict === CUT || !this.isTensor(thing);
  }

  /** What stands for each node at present: itself, or the outermost closed group around it. */
  findShown() {
    const {n, g} = this;
    const box = (this.box = new Int32Array(g));
    const shown = (this.shown = new Int32Array(n));
    for (let group = 0; group < g; group++) {
      const outer = group ? box[this.parent[n + group] - n] : -1;
      box[group] = outer >= 0 ? outer : this.open[group] ? -1 : n + group;
    }
    for (let i = 0; i < n; i++) {
      const outer = box[this.parent[i] - n];
      shown[i] = outer >= 0 ? outer : i;
    }
  }

  shownOf(thing) {
    if (thing < 0) return thing;
    if (thing < this.n) return this.shown[thing];
    const outer = this.parent[thing] < 0 ? -1 : this.box[this.parent[thing] - this.n];
    return outer >= 0 ? outer : thing;
  }

  /** A number for the line between two boxes. */
  edgeKey(from, to) {
    return from * (this.n + this.g) + to;
  }

  /** The node of a parameter, by its number; -1 where it is nowhere. */
  nodeOfParameter(number) {
    if (!this.ofParameter) {
      this.ofParameter = new Map();
      for (let i = 0; i < this.n; i++) {
        if (this.sort[i] === PARAMETER) this.ofParameter.set(this.parameter[i], i);
      }
    }
    return this.ofParameter.get(number) ?? -1;
  }

  /** The mark of a cut, by its number; -1 where it has none. */
  markOf(cut) {
    for (const [node, cuts] of Object.entries(this.loss.marks)) {
      if (cuts.includes(cut)) return Number(node);
    }
    return -1;
  }

  /** The other boxes of a parameter that is used in several places. */
  usesOf(node) {
    const uses = [];
    const parameter = this.parameter[node];
    for (let i = 0; parameter >= 0 && i < this.n; i++) {
      if (i !== node && this.parameter[i] === parameter) uses.push(i);
    }
    return uses;
  }

  /** How many nodes there are beyond this one, along lines that have it at one end. */
  reach(node, lines, ends) {
    const visited = new Uint8Array(this.n);
    const waiting = [node];
    let total = 0;
    visited[node] = 1;
    while (waiting.length) {
      for (const line of lines(waiting.pop())) {
        if (visited[ends[line]]) continue;
        visited[ends[line]] = 1;
        total++;
        waiting.push(ends[line]);
      }
    }
    return total;
  }
}
