"use strict";
(() => {
// The report, as gradviz/render/html.py writes it. Everything that is told is in it; here it is only arranged, drawn and walked through.
const DATA = JSON.parse(document.getElementById("data").textContent);
const WORDS = DATA.verdicts.map(verdict => verdict.word);
const [LOSS, OP, MARK, PARAMETER, LEAF, STUB] = [0, 1, 2, 3, 4, 5]; // sorts of nodes
const STROKE = Object.fromEntries(DATA.strokes.map((stroke, number) => [stroke.name, number]));
const IN = -1, OUT = -2; // where a line enters and leaves an open group
const ADVANCE = 0.6, NAME = 12, DETAIL = 10.5, LONGEST = 34;
const PAD = 14, HEADER = 26, ROW_GAP = 30, COLUMN_GAP = 26, SIDE_GAP = 16, STACK_GAP = 6, LANE = 7;
const FAR = 1e6;
const ROW = 26; // height of a line of the tree

const $ = id => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");

// ---- small things -------------------------------------------------------------------------------------------------------------

/** An element with properties and children; text is only ever text. */
function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== ""));
  return element;
}

const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

function size(number) {
  for (const unit of ["", " k", " M", " B", " T"]) {
    if (number < 999.5 || unit === " T") return unit && number < 9.95 ? number.toFixed(1) + unit : Math.round(number) + unit;
    number /= 1000;
  }
}

function short(text, longest = LONGEST) {
  if (text.length <= longest) return text;
  const tail = longest >> 1;
  return text.slice(0, longest - tail - 1) + "…" + text.slice(-tail);
}

/** Width of a text of one line height, in the fixed font; wide characters take two columns. */
function width(text) {
  let columns = text.length;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x1100) columns++;
  return columns * ADVANCE;
}

const isAlarm = note => note.startsWith("ALARM");

const base = file => file.slice(Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1);

// ---- the graph of one loss ----------------------------------------------------------------------------------------------------

/** Things are numbered: the nodes first, then the groups of the tree. A group has a larger number than the groups around it. */
class Model {
  constructor(loss) {
    this.loss = loss;
    this.strings = loss.strings;
    const column = name => loss.nodes[name];
    const n = this.n = column("text").length, g = this.g = loss.groups.length;
    for (const name of Object.keys(loss.nodes)) {
      const values = column(name);
      this[name] = typeof values === "number" ? new Int32Array(n).fill(values) : values;
    }
    this.parent = new Int32Array(n + g).fill(-1);
    this.depth = new Int32Array(n + g);
    this.children = Array.from({length: g}, () => []);
    this.readTree();
    [this.sources, this.targets, this.strokes] = loss.lines;
    this.after = this.index(this.sources);
    this.before = this.index(this.targets);
    this.count();
    this.open = new Uint8Array(g);
    this.isHidden = new Uint8Array(WORDS.length);
    this.foldAsAtFirst();
  }

  readTree() {
    const {tree} = this.loss, ends = [], around = [];
    let group = 0;
    for (let i = 0; i < tree.length; i++) {
      while (ends.length && ends[ends.length - 1] <= i) { ends.pop(); around.pop(); }
      const isGroup = tree[i] < 0 || i === 0;
      const thing = isGroup ? this.n + group : tree[i];
      if (around.length) {
        this.parent[thing] = around[around.length - 1];
        this.depth[thing] = around.length;
        this.children[this.parent[thing] - this.n].push(thing);
      }
      if (isGroup) { ends.push(i + 1 - tree[i]); around.push(thing); group++; }
    }
  }

  /** For each node the numbers of the lines that have it in ``ends``. */
  index(ends) {
    const starts = new Int32Array(this.n + 1), lines = new Int32Array(ends.length);
    for (const node of ends) starts[node + 1]++;
    for (let i = 0; i < this.n; i++) starts[i + 1] += starts[i];
    const at = starts.slice();
    ends.forEach((node, line) => { lines[at[node]++] = line; });
    return node => lines.subarray(starts[node], starts[node + 1]);
  }

  /** What is in each group: parameters by verdict, elements, operations, marks of cuts. */
  count() {
    const {n, g} = this;
    this.verdicts = Array.from({length: g}, () => new Int32Array(WORDS.length));
    this.partialCount = new Int32Array(g);
    this.elements = new Float64Array(g);
    this.parameterCount = new Int32Array(g);
    this.operations = new Int32Array(g);
    this.markCount = new Int32Array(g);
    this.prunedCount = new Int32Array(g);
    for (let i = 0; i < n; i++) {
      const group = this.parent[i] - n;
      if (this.sort[i] === PARAMETER) {
        this.verdicts[group][this.verdict[i]]++;
        this.partialCount[group] += this.loss.parameters.partial[this.parameter[i]];
        this.parameterCount[group]++;
        this.elements[group] += this.loss.parameters.numel[this.parameter[i]];
      } else if (this.sort[i] === OP) this.operations[group]++;
      else if (this.sort[i] === MARK) this.markCount[group]++;
      if (this.pruned[i] === 1) this.prunedCount[group]++;
    }
    for (let group = g - 1; group > 0; group--) {
      const outer = this.parent[n + group] - n;
      this.verdicts[group].forEach((number, verdict) => { this.verdicts[outer][verdict] += number; });
      for (const total of [this.elements, this.parameterCount, this.partialCount, this.operations, this.markCount, this.prunedCount]) total[outer] += total[group];
    }
  }

  foldAsAtFirst() {
    this.open.fill(0);
    this.open[0] = 1;
    for (const group of this.loss.open) this.open[group] = 1;
  }

  isGroup(thing) { return thing >= this.n; }
  isOpen(thing) { return thing >= this.n && this.open[thing - this.n] === 1; }
  group(thing) { const [sort, name, path, times, kind] = this.loss.groups[thing - this.n]; return {sort, name, path, times, kind: this.strings[kind]}; }

  /** What follows the name of a module: its class. */
  aside(thing) {
    const kind = this.isGroup(thing) ? this.group(thing).kind : "";
    return kind ? `: ${short(kind)}` : "";
  }
  isTensor(thing) { return thing < this.n && this.sort[thing] >= PARAMETER; }
  name(thing) { return this.isGroup(thing) ? this.group(thing).name : this.strings[this.text[thing]]; }

  /** The name without the path of the module that it is shown in. */
  nameHere(thing) {
    const name = this.name(thing) || '""';
    if (this.isGroup(thing)) {
      const {times, sort} = this.group(thing);
      return sort === "run" ? `${name} ×${times.toLocaleString("en")}` : name;
    }
    if (!this.isTensor(thing)) return name;
    const {path} = this.group(this.parent[thing]);
    return path && name.startsWith(path + ".") ? name.slice(path.length + 1) : name;
  }

  place(number) {
    if (number < 0) return null;
    const [file, line, code, inside] = this.loss.places[number];
    return {file: this.strings[file], line, code: this.strings[code], inside: this.strings[inside]};
  }

  /** The one verdict that all parameters in a thing have, else -1. */
  verdictOf(thing) {
    if (!this.isGroup(thing)) return this.verdict[thing];
    const counts = this.verdicts[thing - this.n], total = this.parameterCount[thing - this.n];
    return total ? counts.indexOf(total) : -1;
  }

  /** Everything in it is filtered away. */
  isFaint(thing) {
    if (!this.isGroup(thing)) return this.isTensor(thing) && this.isHidden[this.verdict[thing]] === 1;
    const counts = this.verdicts[thing - this.n];
    return this.parameterCount[thing - this.n] > 0 && counts.every((number, verdict) => !number || this.isHidden[verdict]);
  }

  /** What stands for each node in the present view: itself, or the outermost closed group around it. */
  findShown() {
    const {n, g} = this, box = this.box = new Int32Array(g), shown = this.shown = new Int32Array(n);
    for (let group = 0; group < g; group++) {
      const outer = group ? box[this.parent[n + group] - n] : -1;
      box[group] = outer >= 0 ? outer : this.open[group] ? -1 : n + group;
    }
    for (let i = 0; i < n; i++) { const around = box[this.parent[i] - n]; shown[i] = around >= 0 ? around : i; }
  }

  shownOf(thing) {
    if (thing < 0) return thing;
    if (thing < this.n) return this.shown[thing];
    const around = this.parent[thing] < 0 ? -1 : this.box[this.parent[thing] - this.n];
    return around >= 0 ? around : thing;
  }
}

// ---- layout: linear in what is shown, without recursion -----------------------------------------------------------------------

/** Boxes and lines of the present view, with their places. Each open group is laid out by itself, the innermost first. */
class Layout {
  constructor(model) {
    for (const _ of this.steps(model)); // at once
  }

  /** The work in small steps, for who wants to rest in between. */
  *steps(model) {
    this.m = model;
    const {n, g} = model, all = n + g;
    for (const name of ["x", "y", "w", "h", "axis"]) this[name] = new Float64Array(all);
    this.layer = new Int32Array(all);
    this.column = new Int32Array(all);
    this.levels = new Array(g);
    model.findShown();
    yield* this.collect();
    this.boxes = 0;
    for (let group = g - 1; group >= 0; group--) if (model.box[group] === -1) { this.arrange(group); yield; }
    this.place();
  }

  /** The layout of a model that is being opened, made in the pauses between frames; ``done`` gets it. */
  static soon(model, done) {
    const layout = Object.create(Layout.prototype), steps = layout.steps(model);
    const work = () => {
      const until = performance.now() + 40;
      while (performance.now() < until) for (let i = 0; i < 20; i++) if (steps.next().done) { done(layout); return; }
      setTimeout(work);
    };
    work();
  }

  /** Lines between what is shown; each becomes a hop in every open group that it crosses. */
  *collect() {
    const {m} = this, {n, shown, parent, depth} = m, all = n + m.g, known = new Map();
    for (let group = 0; group < m.g; group++) if (m.box[group] === -1) this.levels[group] = {hops: new Map(), edges: []};
    for (let line = 0; line < m.sources.length; line++) {
      if (line % 50 === 49) yield;
      const from = shown[m.sources[line]], to = shown[m.targets[line]];
      if (from === to) continue;
      const key = (from * all + to) * 8 + m.strokes[line];
      const edge = known.get(key);
      if (edge) { edge.times++; continue; }
      const made = {from, to, stroke: m.strokes[line], times: 1, hops: []};
      known.set(key, made);
      let a = from, b = to;
      const down = [];
      const hop = (group, u, v) => {
        const level = this.levels[group - n], id = (u + 2) * (all + 2) + v + 2;
        let one = level.hops.get(id);
        if (!one) level.hops.set(id, one = {group, u, v, lane: null});
        return one;
      };
      while (depth[a] > depth[b]) { made.hops.push(hop(parent[a], a, OUT)); a = parent[a]; }
      while (depth[b] > depth[a]) { down.push(hop(parent[b], IN, b)); b = parent[b]; }
      while (parent[a] !== parent[b]) {
        made.hops.push(hop(parent[a], a, OUT)); a = parent[a];
        down.push(hop(parent[b], IN, b)); b = parent[b];
      }
      made.hops.push(hop(parent[a], a, b), ...down.reverse());
      this.levels[parent[a] - n].edges.push(made);
    }
    this.edges = [...known.values()];
  }

  /** How large the box of a thing is that is not open. */
  measure(thing) {
    const lines = linesOf(this.m, thing);
    const widest = Math.max(...lines.map((line, number) => width(line.text + (line.aside || "")) * (number ? DETAIL : NAME) + (line.mark ? 14 : 0)));
    const isSmall = lines.length === 1;
    this.w[thing] = Math.ceil(widest + (this.m.isGroup(thing) ? 44 : 22));
    this.h[thing] = isSmall ? 26 : 12 + lines.length * 16;
    this.axis[thing] = this.w[thing] / 2;
  }

  arrange(group) {
    const {m, layer, column, w, h, axis, x, y} = this, thing = m.n + group, level = this.levels[group];
    const into = new Map(), out = new Map(), items = m.children[group];
    for (const item of items) {
      into.set(item, []); out.set(item, []);
      if (!m.isOpen(item)) { this.measure(item); this.boxes++; }
    }
    for (const hop of level.hops.values()) {
      if (hop.u !== IN) out.get(hop.u).push(hop.v);
      if (hop.v !== OUT) into.get(hop.v).push(hop.u);
    }
    // Tensors stand beside what uses them; what has no line stands on a shelf above.
    const beside = new Map(), shelf = [], core = [];
    for (const item of items) {
      const targets = out.get(item), isSource = into.get(item).length === 0;
      if (isSource && targets.length === 0) shelf.push(item);
      else if (isSource && m.isTensor(item) && targets.length === 1 && targets[0] !== OUT) {
        if (!beside.has(targets[0])) beside.set(targets[0], []);
        beside.get(targets[0]).push(item);
      } else core.push(item);
    }
    const isBeside = new Set([...beside.values()].flat());
    const {top, rows} = this.findLayers(core, into, out, isBeside);
    const columns = this.findColumns(core, into, out, level, top, isBeside);

    // Where columns and rows are.
    const left = new Map(), right = new Map(), height = new Float64Array(top + 1);
    const widen = (map, key, value) => map.set(key, Math.max(map.get(key) || LANE, value));
    for (const number of columns) { widen(left, number, LANE); widen(right, number, LANE); }
    for (const item of core) {
      const tensors = beside.get(item) || [];
      const wide = tensors.length ? Math.max(...tensors.map(tensor => w[tensor])) + SIDE_GAP + 8 : 0;
      const high = tensors.reduce((sum, tensor) => sum + h[tensor] + STACK_GAP, -STACK_GAP);
      const isRight = column[item] > 0; // away from the middle
      widen(left, column[item], axis[item] + (isRight ? 0 : wide));
      widen(right, column[item], w[item] - axis[item] + (isRight ? wide : 0));
      height[layer[item]] = Math.max(height[layer[item]], h[item], high);
    }
    const centre = new Map();
    let at = PAD;
    columns.forEach((number, position) => {
      const isNarrow = left.get(number) === LANE && right.get(number) === LANE;
      at += left.get(number);
      centre.set(number, at);
      at += right.get(number) + (position < columns.length - 1 ? (isNarrow ? 10 : COLUMN_GAP) : 0);
    });
    let wide = core.length ? at + PAD : 2 * PAD;
    const header = group ? HEADER : 0;
    let down = header + PAD;

    // The shelf, in as many rows as it needs.
    const room = Math.max(wide - 2 * PAD, shelf.length > 24 ? 1400 : 560);
    let cursor = PAD, rowHeight = 0;
    for (const item of shelf) {
      if (cursor > PAD && cursor + w[item] > room + PAD) { cursor = PAD; down += rowHeight + 10; rowHeight = 0; }
      x[item] = cursor; y[item] = down;
      cursor += w[item] + 12;
      wide = Math.max(wide, cursor - 12 + PAD);
      rowHeight = Math.max(rowHeight, h[item]);
    }
    if (shelf.length) down += rowHeight + (core.length ? ROW_GAP : 0);

    const rowTop = new Float64Array(top + 1);
    for (let number = top; number >= 0; number--) { rowTop[number] = down; down += height[number] + (number ? ROW_GAP : 0); }
    const label = group ? width(short(m.nameHere(thing), 48) + m.aside(thing)) * NAME + 70 : 0;
    const spread = Math.max(0, label + 2 * PAD - wide);
    for (const item of core) {
      const middle = rowTop[layer[item]] + height[layer[item]] / 2;
      x[item] = centre.get(column[item]) - axis[item] + spread / 2;
      y[item] = middle - h[item] / 2;
      const tensors = beside.get(item) || [];
      let stack = middle - tensors.reduce((sum, tensor) => sum + h[tensor] + STACK_GAP, -STACK_GAP) / 2;
      for (const tensor of tensors) {
        x[tensor] = column[item] > 0 ? x[item] + w[item] + SIDE_GAP + 8 : x[item] - SIDE_GAP - 8 - w[tensor];
        y[tensor] = stack;
        stack += h[tensor] + STACK_GAP;
      }
    }
    Object.assign(level, {top, rowTop, height, centre, spread: spread / 2, isBeside});
    w[thing] = wide + spread;
    h[thing] = down + PAD;
    axis[thing] = core.length ? (centre.get(0) ?? centre.get(columns[0])) + spread / 2 : w[thing] / 2;
  }

  /** The layer of an item is the longest way from it to where the group ends: the loss is below. */
  findLayers(core, into, out, isBeside) {
    const {layer} = this, left = new Map(), ready = [];
    for (const item of core) {
      layer[item] = 0;
      const users = out.get(item).reduce((sum, target) => sum + (target !== OUT), 0);
      left.set(item, users);
      if (!users) ready.push(item);
    }
    let top = 0;
    const settle = () => {
      for (let i = 0; i < ready.length; i++) {
        const item = ready[i];
        left.delete(item);
        top = Math.max(top, layer[item]);
        for (const source of into.get(item)) {
          if (source === IN || isBeside.has(source) || !left.has(source)) continue;
          layer[source] = Math.max(layer[source], layer[item] + 1);
          left.set(source, left.get(source) - 1);
          if (!left.get(source)) ready.push(source);
        }
      }
      ready.length = 0;
    };
    settle();
    while (left.size) { ready.push(left.keys().next().value); settle(); } // a cycle; the tree is built so that there is none
    return {top};
  }

  /** Chains get columns: the longest the straight one in the middle, the others wherever theirs is free. So do lines that pass by. */
  findColumns(core, into, out, level, top, isBeside) {
    const {layer, column} = this, taken = new Map(), laid = new Set();
    const layerOf = (item, none) => item < 0 ? none : layer[item];
    const isFree = (number, low, high) => {
      const used = taken.get(number);
      if (used) for (let at = low; at <= high; at++) if (used[at]) return false;
      return true;
    };
    const take = (low, high, near) => {
      for (let step = 0; ; step++) {
        const number = near + (step % 2 ? (step + 1) / 2 : -step / 2);
        if (!isFree(number, low, high)) continue;
        if (!taken.has(number)) taken.set(number, new Uint8Array(top + 1));
        taken.get(number).fill(1, low, high + 1);
        return number;
      }
    };
    const hop = (u, v) => level.hops.get((u + 2) * (this.m.n + this.m.g + 2) + v + 2);
    // How far up each item goes back; what comes in from outside goes back furthest, so that the flow through a module is straight.
    const rise = new Map();
    const riseOf = source => source === IN ? FAR : isBeside.has(source) ? -1 : rise.get(source) ?? -1;
    const upwards = [...core].sort((a, b) => layer[b] - layer[a]);
    for (const item of upwards) rise.set(item, into.get(item).reduce((most, source) => Math.max(most, riseOf(source) + 1), 0));
    for (const item of [...core].sort((a, b) => layer[a] - layer[b] || rise.get(b) - rise.get(a))) {
      if (laid.has(item)) continue;
      const chain = [item];
      laid.add(item);
      let from = null;
      for (let last = item; ; chain.push(last), laid.add(last)) {
        const sources = into.get(last).filter(source => !isBeside.has(source));
        from = sources.reduce((a, b) => a === null || riseOf(b) > riseOf(a) ? b : a, null);
        if (from === null || from === IN) break;
        const free = sources.filter(source => source !== IN && !laid.has(source)).reduce((a, b) => a === null || riseOf(b) > riseOf(a) ? b : a, null);
        if (free === null) break;
        last = free;
      }
      const first = chain[chain.length - 1];
      const to = out.get(item).reduce((a, b) => a === null || layerOf(b, -1) > layerOf(a, -1) ? b : a, null);
      const high = Math.max(layer[first], from === null ? 0 : layerOf(from, top + 1) - 1);
      const low = Math.min(layer[item], to === null ? top : layerOf(to, -1) + 1);
      const near = to !== null && to !== OUT ? column[to] : from !== null && from !== IN && laid.has(from) ? column[from] : 0;
      const number = take(low, high, near);
      for (const each of chain) column[each] = number;
      for (let i = 1; i < chain.length; i++) hop(chain[i], chain[i - 1]).lane = number;
      if (from !== null) hop(from, first).lane = number;
      if (to !== null) hop(item, to).lane = number;
    }
    // Lines with one end in common share a lane.
    const lanes = new Map();
    for (const one of level.hops.values()) {
      if (one.lane !== null || isBeside.has(one.u)) continue;
      const high = layerOf(one.u, top + 1) - 1, low = layerOf(one.v, -1) + 1;
      if (low > high) continue;
      const key = one.v === OUT ? OUT : one.u;
      if (!lanes.has(key)) lanes.set(key, {low, high, hops: [], near: one.v >= 0 ? column[one.v] : 0});
      const lane = lanes.get(key);
      lane.low = Math.min(lane.low, low);
      lane.high = Math.max(lane.high, high);
      lane.hops.push(one);
    }
    for (const lane of [...lanes.values()].sort((a, b) => a.high - a.low - (b.high - b.low))) {
      const number = take(lane.low, lane.high, lane.near);
      for (const one of lane.hops) one.lane = number;
    }
    return [...taken.keys()].sort((a, b) => a - b);
  }

  /** From places within a group to places on the canvas. */
  place() {
    const {m, x, y} = this;
    for (let group = 0; group < m.g; group++) {
      if (m.box[group] !== -1) continue;
      const left = x[m.n + group], top = y[m.n + group];
      for (const child of m.children[group]) { x[child] += left; y[child] += top; }
    }
  }

  /** The points of a line; between two of them it runs straight or in a bend. Made when it is first drawn. */
  points(edge) {
    if (edge.points) return edge.points;
    const {m, x, y, w, h, axis, layer} = this, points = [];
    const only = edge.hops[0], beside = edge.hops.length === 1 && this.levels[only.group - m.n].isBeside.has(only.u);
    if (beside) {
      const {from, to} = edge, height = y[from] + h[from] / 2;
      const onto = m.isOpen(to) ? height : Math.min(Math.max(height, y[to] + 6), y[to] + h[to] - 6);
      edge.flat = x[from] < x[to] ? 1 : -1;
      return edge.points = edge.flat > 0 ? [x[from] + w[from], height, x[to], onto] : [x[from], height, x[to] + w[to], onto];
    }
    let at = x[edge.from] + axis[edge.from];
    points.push(at, y[edge.from] + h[edge.from]);
    for (const hop of edge.hops) {
      const level = this.levels[hop.group - m.n], gx = x[hop.group], gy = y[hop.group];
      const upper = hop.u === IN ? level.top + 1 : layer[hop.u], lower = hop.v === OUT ? -1 : layer[hop.v];
      if (hop.u !== IN) points.push(at, gy + level.rowTop[upper] + level.height[upper]);
      if (hop.lane !== null && upper - lower > 1) {
        const lane = gx + level.centre.get(hop.lane) + level.spread;
        points.push(lane, gy + level.rowTop[upper - 1], lane, gy + level.rowTop[lower + 1] + level.height[lower + 1]);
      }
      at = hop.v === OUT ? gx + axis[hop.group] : x[hop.v] + axis[hop.v];
      points.push(at, hop.v === OUT ? gy + h[hop.group] : gy + level.rowTop[lower]);
      if (hop.v !== OUT) points.push(at, y[hop.v] + (m.isOpen(hop.v) ? HEADER : 0));
    }
    return edge.points = points;
  }
}

/** How many of some parameters have another route that is severed. */
const partly = (number, total) => number ? (number === total ? "partly" : `${number} partly`) : "";

/** What is written in a box: the name first. */
function linesOf(m, thing) {
  if (m.isGroup(thing)) {
    const number = thing - m.n, counts = m.verdicts[number], lines = [{text: short(m.nameHere(thing)), aside: m.aside(thing)}];
    const total = m.parameterCount[number];
    if (!total) return [...lines, {text: count(m.operations[number] || m.children[number].length, m.operations[number] ? "operation" : "box")}, ...cutLine(m, number)];
    lines.push({text: `${count(total, "parameter")} · ${size(m.elements[number])}`});
    const said = WORDS.map((word, verdict) => counts[verdict] ? (counts[verdict] === total ? word : `${counts[verdict]} ${word}`) : "");
    said.push(partly(m.partialCount[number], total));
    const only = m.verdictOf(thing);
    return [...lines, {text: said.filter(Boolean).join(", "), mark: only >= 0 ? DATA.verdicts[only].mark : ""}, ...cutLine(m, number)];
  }
  const name = {text: short(m.nameHere(thing))};
  if (m.sort[thing] === MARK) {
    const place = m.place(m.at[thing]) || m.place((m.loss.cuts[(m.loss.marks[thing] || [])[0]] || {at: -1}).at);
    return [{...name, mark: DATA.looks.cut.mark}, ...(place ? [{text: `${base(place.file)}:${place.line}`}] : [])];
  }
  if (!m.isTensor(thing)) return [name];
  const {word, mark} = DATA.verdicts[m.verdict[thing]], shape = m.shape[thing] < 0 ? "" : m.strings[m.shape[thing]];
  if (m.sort[thing] === STUB) return [name, {text: `${word}, shared`, mark}];
  const isPartial = m.parameter[thing] >= 0 && m.loss.parameters.partial[m.parameter[thing]];
  return [name, {text: `${word}${isPartial ? ", partly" : ""} ${shape}${m.sort[thing] === LEAF ? " outside the model" : ""}`.trim(), mark}];
}

const cutLine = (m, group) => m.markCount[group] ? [{text: `${count(m.markCount[group], "cut")} inside`, mark: DATA.looks.cut.mark, isCut: true}] : [];

// ---- drawing ------------------------------------------------------------------------------------------------------------------

const canvas = $("graph"), stage = $("stage"), pen = canvas.getContext("2d");
const view = {x: 0, y: 0, k: 1};
const glyphs = Object.fromEntries(Object.entries(DATA.glyphs).map(([mark, path]) => [mark, new Path2D(path)]));
let colours = {}, model, layout, selected = -1, route = null, hovered = -1, pending = 0, working = 0, near = {box: -1};

function readColours() {
  const style = getComputedStyle(document.documentElement), get = name => style.getPropertyValue("--" + name).trim();
  const look = name => ({...DATA.looks[name], fill: get(name + "-fill"), stroke: get(name + "-stroke")});
  colours = {ground: get("ground"), ink: get("ink"), quiet: get("quiet"), frame: get("frame"), frameLine: get("frame-line"), accent: get("accent"), font: get("mono")};
  colours.looks = Object.fromEntries(Object.keys(DATA.looks).map(name => [name, look(name)]));
  colours.lines = DATA.strokes.map(stroke => get("line-" + stroke.name));
}

function draw() {
  if (!pending) pending = requestAnimationFrame(paint);
}

function paint() {
  pending = 0;
  const ratio = devicePixelRatio || 1, {clientWidth: wide, clientHeight: high} = stage;
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
    canvas.width = Math.round(wide * ratio); canvas.height = Math.round(high * ratio);
  }
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.setTransform(view.k * ratio, 0, 0, view.k * ratio, -view.x * view.k * ratio, -view.y * view.k * ratio);
  const window_ = {left: view.x, top: view.y, right: view.x + wide / view.k, bottom: view.y + high / view.k};
  const {x, y, w, h, levels} = layout, m = model;
  const isSeen = thing => x[thing] < window_.right && x[thing] + w[thing] > window_.left && y[thing] < window_.bottom && y[thing] + h[thing] > window_.top;

  // What is too small to read is one box; what is outside the window is nothing.
  const boxes = [], frames = [], waiting = [m.n];
  while (waiting.length) {
    const group = waiting.pop();
    if (group !== m.n) frames.push(group);
    for (const child of m.children[group - m.n]) {
      if (!isSeen(child)) continue;
      if (m.isOpen(child) && Math.max(h[child], w[child]) * view.k > 26) waiting.push(child);
      else boxes.push(child);
    }
  }
  for (const frame of frames) drawFrame(frame);
  const seen = [m.n, ...frames], byStroke = DATA.strokes.map(() => []), bold = [];
  for (const group of seen) for (const edge of levels[group - m.n].edges) {
    if (!touches(edge, window_)) continue;
    if (isBold(edge)) bold.push(edge); else byStroke[edge.stroke].push(edge);
  }
  const fade = route ? 0.3 : selected >= 0 ? 0.55 : 1;
  byStroke.forEach((edges, stroke) => drawEdges(edges, stroke, 1, fade));
  if (view.k * NAME >= 4.5) for (const frame of frames) drawTitle(frame);
  const isDim = box => route ? !route.boxes.has(box) : m.isFaint(box);
  for (const box of boxes) drawBox(box, isDim(box));
  for (let stroke = 0; stroke < DATA.strokes.length; stroke++) drawEdges(bold.filter(edge => edge.stroke === stroke), stroke, 2, 1);
  for (const thing of [hovered, selected]) if (thing >= 0 && model.shownOf(thing) === thing && thing !== m.n) outline(thing, thing === selected);
  if (selected >= 0 && model.shownOf(selected) !== selected) outline(model.shownOf(selected), true);
  stage.dataset.boxes = layout.boxes;
  performance.mark("drawn");
}

/** The line's box reaches the window. */
function touches(edge, window_) {
  if (!edge.bounds) {
    const points = layout.points(edge), bounds = edge.bounds = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 2) {
      bounds[0] = Math.min(bounds[0], points[i]); bounds[2] = Math.max(bounds[2], points[i]);
      bounds[1] = Math.min(bounds[1], points[i + 1]); bounds[3] = Math.max(bounds[3], points[i + 1]);
    }
  }
  const [left, top, right, bottom] = edge.bounds;
  return left <= window_.right && right >= window_.left && top <= window_.bottom && bottom >= window_.top;
}

function isBold(edge) {
  if (route) return route.edges.has(edge.from * (model.n + model.g) + edge.to);
  return selected >= 0 && (edge.from === near.box || edge.to === near.box);
}

function drawEdges(edges, stroke, weight, alpha) {
  if (!edges.length) return;
  const {dashes, width: thick} = DATA.strokes[stroke], isClose = view.k > 0.3;
  pen.globalAlpha = alpha;
  pen.strokeStyle = pen.fillStyle = colours.lines[stroke];
  pen.lineWidth = Math.max(thick * weight, 0.7 / view.k);
  pen.setLineDash(isClose ? dashes : []);
  pen.beginPath();
  for (const edge of edges) {
    const p = layout.points(edge);
    pen.moveTo(p[0], p[1]);
    for (let i = 2; i < p.length; i += 2) {
      const [x0, y0, x1, y1] = [p[i - 2], p[i - 1], p[i], p[i + 1]];
      if (edge.flat) { const middle = (x0 + x1) / 2; pen.bezierCurveTo(middle, y0, middle, y1, x1, y1); }
      else if (Math.abs(x1 - x0) < 0.5 || y1 - y0 < 1) pen.lineTo(x1, y1);
      else { const middle = (y0 + y1) / 2; pen.bezierCurveTo(x0, middle, x1, middle, x1, y1); }
    }
  }
  pen.stroke();
  pen.setLineDash([]);
  if (isClose) {
    pen.beginPath();
    for (const edge of edges) {
      const [x, y] = layout.points(edge);
      if (stroke === STROKE.gradient) arrow(x, y, edge.flat);
      else if (stroke === STROKE.severed) { // a bar where the gradient stops
        if (edge.flat) pen.rect(x + 3 * edge.flat - 1, y - 5, 2.2, 10); else pen.rect(x - 5, y + 2, 10, 2.2);
      }
    }
    pen.fill();
  }
  pen.globalAlpha = 1;
}

/** The end of a line that gradient arrives at. */
function arrow(x, y, flat) {
  pen.moveTo(x, y);
  if (flat) { pen.lineTo(x + 8 * flat, y - 3.2); pen.lineTo(x + 8 * flat, y + 3.2); }
  else { pen.lineTo(x - 3.2, y + 8); pen.lineTo(x + 3.2, y + 8); }
  pen.closePath();
}

function drawFrame(thing) {
  const {x, y, w, h} = layout;
  pen.fillStyle = colours.frame;
  pen.strokeStyle = colours.frameLine;
  pen.lineWidth = Math.max(1, 0.7 / view.k);
  pen.globalAlpha = model.depth[thing] % 2 ? 0.75 : 1;
  if (model.depth[thing] % 2 === 0) pen.fillStyle = colours.ground;
  round(x[thing], y[thing], w[thing], h[thing], 8);
  pen.fill();
  pen.globalAlpha = 1;
  pen.stroke();
}

/** The title of a frame, clear of the lines that pass under it. */
function drawTitle(thing) {
  const {x, y} = layout, name = short(model.nameHere(thing), 48), aside = model.aside(thing), end = x[thing] + 28 + width(name) * NAME;
  sign(x[thing] + 16, y[thing] + 14, true);
  pen.font = `600 ${NAME}px ${colours.font}`;
  pen.lineWidth = 5;
  pen.lineJoin = "round";
  pen.strokeStyle = model.depth[thing] % 2 ? colours.frame : colours.ground;
  pen.strokeText(name, x[thing] + 28, y[thing] + 18, width(name) * NAME + 1);
  write(name, x[thing] + 28, y[thing] + 18, NAME, true, colours.quiet);
  if (!aside) return;
  pen.font = `${NAME}px ${colours.font}`;
  pen.strokeText(aside, end, y[thing] + 18, width(aside) * NAME + 1);
  write(aside, end, y[thing] + 18, NAME, false, colours.quiet);
}

/** Plus or minus: what a click does. */
function sign(x, y, isOpen) {
  pen.strokeStyle = colours.quiet;
  pen.lineWidth = 1.4;
  pen.beginPath();
  pen.moveTo(x - 4, y); pen.lineTo(x + 4, y);
  if (!isOpen) { pen.moveTo(x, y - 4); pen.lineTo(x, y + 4); }
  pen.stroke();
}

function drawBox(thing, isDim) {
  const {x, y, w, h} = layout, m = model, left = x[thing], top = y[thing], wide = w[thing], high = h[thing];
  const isGroup = m.isGroup(thing), verdict = m.verdictOf(thing);
  const isOperation = !isGroup && m.sort[thing] < MARK;
  const look = colours.looks[isOperation || verdict < 0 ? (m.sort[thing] === LOSS && !isGroup ? "loss" : "op") : WORDS[verdict]];
  const isPruned = isGroup ? m.prunedCount[thing - m.n] > 0 && verdict === WORDS.indexOf("cut") || isGroup && verdict < 0 && m.operations[thing - m.n] > 0 && m.prunedCount[thing - m.n] === m.operations[thing - m.n]
    : m.pruned[thing] === 1 && m.sort[thing] !== MARK && (isOperation || WORDS[verdict] === "cut");
  const corner = look.octagon ? 9 : isOperation ? 8 : isGroup ? 4 : 2;
  pen.globalAlpha = isDim ? 0.38 : 1;
  pen.lineWidth = Math.max(look.width, 0.6 / view.k);
  pen.strokeStyle = look.stroke;
  const shape = look.octagon ? octagon : round;
  if (isGroup && m.group(thing).times > 1) { // a stack, since it is many
    pen.fillStyle = colours.ground;
    for (const shift of [6, 3]) { shape(left + shift, top - shift, wide, high, corner); pen.fill(); pen.stroke(); }
  }
  shape(left, top, wide, high, corner);
  pen.fillStyle = colours.ground;
  pen.fill();
  pen.fillStyle = look.fill;
  pen.globalAlpha = (isDim ? 0.38 : 1) * (isPruned ? DATA.ghost : 1);
  pen.fill();
  pen.globalAlpha = isDim ? 0.38 : 1;
  if (view.k > 0.25) pen.setLineDash(isPruned ? [5, 3] : look.dashes);
  pen.stroke();
  pen.setLineDash([]);
  if (look.borders === 2) { shape(left + 3, top + 3, wide - 6, high - 6, Math.max(corner - 2, 1)); pen.stroke(); }
  if (view.k * NAME >= 4.5) drawText(thing, left, top, wide, high, isGroup);
  pen.globalAlpha = 1;
}

function drawText(thing, left, top, wide, high, isGroup) {
  const lines = linesOf(model, thing);
  let y = top + (lines.length === 1 ? high / 2 + 4 : 19);
  if (isGroup) sign(left + 14, top + 15, false);
  lines.forEach((line, number) => {
    const font = number ? DETAIL : NAME, glyph = line.mark && glyphs[line.mark], textWide = width(line.text + (line.aside || "")) * font;
    let x = left + wide / 2 - (textWide + (line.mark ? 14 : 0)) / 2;
    if (isGroup && number === 0) x += 8;
    if (glyph) {
      pen.save();
      pen.translate(x, y);
      pen.scale(font * 0.078, font * 0.078);
      pen.lineWidth = 1.5;
      pen.strokeStyle = line.isCut ? colours.looks.cut.stroke : colours.ink;
      pen.stroke(glyph);
      pen.restore();
    } else if (line.mark) write(line.mark, x, y, font, true, colours.ink);
    write(line.text, x + (line.mark ? 14 : 0), y, font, number === 0, line.isCut ? colours.looks.cut.stroke : colours.ink);
    if (line.aside) write(line.aside, x + width(line.text) * font, y, font, false, colours.ink);
    y += 16;
  });
}

function write(text, x, y, font, isBold_, colour) {
  pen.font = `${isBold_ ? "600 " : ""}${font}px ${colours.font}`;
  pen.fillStyle = colour;
  pen.fillText(text, x, y, width(text) * font + 1);
}

function round(x, y, w, h, corner) {
  pen.beginPath();
  pen.roundRect(x, y, w, h, corner);
}

function octagon(x, y, w, h, c) {
  pen.beginPath();
  pen.moveTo(x + c, y); pen.lineTo(x + w - c, y); pen.lineTo(x + w, y + c); pen.lineTo(x + w, y + h - c);
  pen.lineTo(x + w - c, y + h); pen.lineTo(x + c, y + h); pen.lineTo(x, y + h - c); pen.lineTo(x, y + c);
  pen.closePath();
}

function outline(thing, isSelected) {
  const {x, y, w, h} = layout;
  pen.strokeStyle = colours.accent;
  pen.lineWidth = (isSelected ? 2.5 : 1.5) / Math.min(view.k, 1);
  const gap = 4;
  round(x[thing] - gap, y[thing] - gap, w[thing] + 2 * gap, h[thing] + 2 * gap, 8);
  pen.stroke();
}

// ---- moving about -------------------------------------------------------------------------------------------------------------

const MOST_ZOOM = 3;
let moving = 0;

/** The height that the legend and the tools take at the lower edge. */
const below = () => Math.max($("legend").offsetHeight, $("tools").offsetHeight) + 16;

function leastZoom() { return Math.min(0.5, wholeZoom() * 0.7); }

/** The scale at which everything fits, beside the tools and the legend at the lower edge. */
function wholeZoom() {
  const {w, h} = layout, root = model.n;
  return Math.min(stage.clientWidth / (w[root] + 16), (stage.clientHeight - below()) / (h[root] + 8));
}

function zoom(factor, atX = stage.clientWidth / 2, atY = stage.clientHeight / 2) {
  const k = Math.min(MOST_ZOOM, Math.max(leastZoom(), view.k * factor));
  moveTo({x: view.x + atX / view.k - atX / k, y: view.y + atY / view.k - atY / k, k});
}

function moveTo(next, isSoft = false) {
  cancelAnimationFrame(moving);
  if (!isSoft || still.matches) { Object.assign(view, next); draw(); remember(); return; }
  const from = {...view}, start = performance.now();
  const step = now => {
    const part = Math.min(1, Math.max(0, (now - start) / 220)), ease = 1 - (1 - part) ** 3;
    const k = from.k * (next.k / from.k) ** ease;
    // The middle of the window moves straight while the scale changes.
    const middle = (one, which) => one[which] + (which === "x" ? stage.clientWidth : stage.clientHeight) / 2 / one.k;
    const x = middle(from, "x") + (middle(next, "x") - middle(from, "x")) * ease, y = middle(from, "y") + (middle(next, "y") - middle(from, "y")) * ease;
    Object.assign(view, {k, x: x - stage.clientWidth / 2 / k, y: y - stage.clientHeight / 2 / k});
    draw();
    if (part < 1) moving = requestAnimationFrame(step); else remember();
  };
  moving = requestAnimationFrame(step);
}

/** Show everything; ``isReadable`` keeps the text readable and, where everything does not fit, begins at the first cut or else at the loss. */
function fit(isReadable = false, isSoft = false) {
  const {w, h, axis} = layout, root = model.n, across = stage.clientWidth / (w[root] + 16);
  const k = Math.min(1.15, Math.max(wholeZoom(), isReadable ? (across > 0.45 ? Math.min(across, 0.68) : 0.68) : 0));
  const wide = stage.clientWidth / k, high = (stage.clientHeight - below()) / k;
  const cut = model.loss.cuts.length ? model.shownOf(markOf(0)) : -1, lowest = h[root] - high;
  const begin = cut >= 0 ? Math.max(0, Math.min(lowest, layout.y[cut] + h[cut] / 2 - high / 2)) : lowest;
  moveTo({x: (w[root] > wide ? (cut >= 0 ? layout.x[cut] + axis[cut] : axis[root]) : w[root] / 2) - wide / 2, y: h[root] > high ? begin : lowest / 2, k}, isSoft);
}

function centre(thing, isSoft = true) {
  const {x, y, w, h} = layout;
  const k = Math.min(1.15, Math.max(view.k, 0.8, 0), Math.max(0.3, Math.min(stage.clientWidth / (w[thing] + 60), stage.clientHeight / (h[thing] + 60))));
  moveTo({x: x[thing] + w[thing] / 2 - stage.clientWidth / 2 / k, y: y[thing] + h[thing] / 2 - stage.clientHeight / 2 / k, k}, isSoft);
}

/** The innermost thing at a point of the window; -1 for none. The root is none. */
function hit(clientX, clientY) {
  const box = canvas.getBoundingClientRect(), {x, y, w, h} = layout;
  const px = view.x + (clientX - box.left) / view.k, py = view.y + (clientY - box.top) / view.k;
  let found = -1;
  for (let group = model.n; group >= 0;) {
    let next = -1;
    for (const child of model.children[group - model.n]) if (px >= x[child] && px <= x[child] + w[child] && py >= y[child] && py <= y[child] + h[child]) {
      found = child;
      if (model.isOpen(child) && Math.max(h[child], w[child]) * view.k > 26) next = child;
    }
    group = next;
  }
  return {thing: found, isHeader: found >= 0 && model.isOpen(found) && py - y[found] < HEADER};
}

function listenToPointers() {
  const pointers = new Map();
  let wandered = 0, gap = 0;
  const middle = () => {
    const all = [...pointers.values()], box = canvas.getBoundingClientRect();
    return [all.reduce((sum, p) => sum + p.x, 0) / all.length - box.left, all.reduce((sum, p) => sum + p.y, 0) / all.length - box.top];
  };
  const spread = () => { const [a, b] = [...pointers.values()]; return b ? Math.hypot(a.x - b.x, a.y - b.y) : 0; };
  canvas.addEventListener("pointerdown", event => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, {x: event.clientX, y: event.clientY});
    if (pointers.size === 1) wandered = 0;
    gap = spread();
  });
  canvas.addEventListener("pointermove", event => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      const {thing} = hit(event.clientX, event.clientY);
      if (thing !== hovered) { hovered = thing; canvas.classList.toggle("over", thing >= 0); canvas.title = thing >= 0 ? about(thing) : ""; draw(); }
      return;
    }
    const [x0, y0] = middle();
    wandered += Math.abs(event.clientX - before.x) + Math.abs(event.clientY - before.y);
    pointers.set(event.pointerId, {x: event.clientX, y: event.clientY});
    const [x1, y1] = middle(), wide = spread();
    if (wandered > 4) canvas.classList.add("moving");
    moveTo({x: view.x - (x1 - x0) / view.k, y: view.y - (y1 - y0) / view.k, k: view.k});
    if (gap && wide) zoom(wide / gap, x1, y1);
    gap = wide;
  });
  const release = event => {
    if (!pointers.delete(event.pointerId)) return;
    gap = spread();
    canvas.classList.remove("moving");
    if (event.type === "pointerup" && !pointers.size && wandered <= 4) click(event);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => { if (hovered >= 0) { hovered = -1; draw(); } });
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    const box = canvas.getBoundingClientRect(), lines = event.deltaMode === 1 ? 20 : 1;
    zoom(Math.exp(-event.deltaY * lines * 0.0016), event.clientX - box.left, event.clientY - box.top);
  }, {passive: false});
}

function click(event) {
  const {thing, isHeader} = hit(event.clientX, event.clientY);
  if (thing < 0) { select(-1); return; }
  if (model.isGroup(thing) && (isHeader || !model.isOpen(thing))) toggle(thing);
  select(thing);
}

const about = thing => model.isGroup(thing) ? model.group(thing).path || model.name(thing) : model.name(thing);

// ---- opening, closing, selecting ----------------------------------------------------------------------------------------------

/** Lay out again after groups were opened or closed, and keep ``anchor`` where it is in the window. */
function renew(anchor = -1) {
  const before = anchor >= 0 ? [layout.x[anchor] + layout.axis[anchor], layout.y[anchor]] : null;
  working++; // what is being laid out for another view is not wanted any more
  layout = new Layout(model);
  if (before) {
    view.x += layout.x[anchor] + layout.axis[anchor] - before[0];
    view.y += layout.y[anchor] - before[1];
  }
  renewed();
}

function renewed() {
  setSelected(selected);
  if (route) route = routeTo(route.node);
  rows = null;
  drawTree();
  draw();
  remember();
}

function toggle(thing) {
  const group = thing - model.n;
  model.open[group] ^= 1;
  renew(model.shownOf(thing) === thing ? thing : -1);
  say(`${model.name(thing) || "model"} ${model.open[group] ? "opened" : "closed"}, ${count(layout.boxes, "box").replace("boxs", "boxes")} shown`);
}

/** Open every group around a thing. */
function reveal(thing) {
  let changed = false;
  for (let at = model.parent[thing]; at >= 0; at = model.parent[at]) if (!model.open[at - model.n]) { model.open[at - model.n] = 1; changed = true; }
  if (changed) renew();
}

function setSelected(thing) {
  selected = thing;
  near = {box: thing >= 0 ? model.shownOf(thing) : -1};
}

function select(thing, {isShown = false, isRoute = false} = {}) {
  if (!isRoute && route && route.node !== thing) route = null;
  if (thing >= 0 && isShown) reveal(thing);
  setSelected(thing);
  if (thing >= 0) active = thing;
  if (thing >= 0 && isShown) centre(thing);
  drawPanel();
  drawCuts();
  rows = null;
  drawTree(isShown);
  if (thing >= 0) showPanel("panel");
  draw();
  remember();
}

function say(text) { $("said").textContent = text; }

function expandAll() {
  const opened = Object.create(model), wanted = ++working, of = model; // the model stays as it is drawn until the layout is there
  opened.open = new Uint8Array(model.g).fill(1);
  Layout.soon(opened, made => {
    if (wanted !== working || of !== model) return;
    model.open = opened.open;
    model.findShown();
    layout = made;
    layout.m = model;
    renewed();
    fit(true);
    say(`Everything is open, ${layout.boxes.toLocaleString("en")} boxes`);
  });
}

function foldAll() {
  model.foldAsAtFirst();
  renew();
  fit(true);
  say(`Folded as at first, ${layout.boxes} boxes`);
}

// ---- the route from the loss to a node ----------------------------------------------------------------------------------------

/** The route from a node to the loss with the fewest lines that no gradient passes, among these the shortest. */
function routeTo(node) {
  const m = model, goal = m.sort.findIndex(sort => sort === LOSS), breaks = new Map([[node, 0]]), came = new Map([[node, -1]]), settled = new Set();
  for (let now = [node], later; now.length && !settled.has(goal); now = later) { // a round for each break more
    later = [];
    for (let i = 0; i < now.length && !settled.has(goal); i++) {
      const at = now[i];
      if (settled.has(at)) continue;
      settled.add(at);
      for (const line of m.after(at)) {
        const target = m.targets[line], isAlive = m.strokes[line] === STROKE.gradient, total = breaks.get(at) + (isAlive ? 0 : 1);
        if (settled.has(target) || total >= (breaks.get(target) ?? Infinity)) continue;
        breaks.set(target, total);
        came.set(target, line);
        (isAlive ? now : later).push(target);
      }
    }
  }
  if (!came.has(goal)) return {node, lines: [], boxes: new Set([m.shownOf(node)]), edges: new Set(), breaks: Infinity};
  const lines = [];
  for (let at = goal; came.get(at) >= 0; at = m.sources[came.get(at)]) lines.push(came.get(at));
  const boxes = new Set([m.shownOf(node)]), edges = new Set();
  for (const line of lines) {
    const from = m.shown[m.sources[line]], to = m.shown[m.targets[line]];
    boxes.add(from).add(to);
    edges.add(from * (m.n + m.g) + to);
  }
  return {node, lines, boxes, edges, breaks: breaks.get(goal)};
}

/** The route as steps from the loss on: stretches of one module, and where it breaks. */
function stepsOf(found) {
  const m = model, steps = [];
  const add = node => {
    const path = m.group(m.parent[node]).path, last = steps[steps.length - 1];
    if (m.sort[node] === MARK) steps.push({node, isBreak: true});
    else if (last && !last.isBreak && last.path === path && !m.isTensor(node)) { last.times++; last.node = node; } else steps.push({node, path, times: 1});
  };
  if (found.lines.length) add(m.targets[found.lines[0]]);
  for (const line of found.lines) {
    const source = m.sources[line], target = m.targets[line];
    if (m.strokes[line] === STROKE.severed && m.sort[source] !== MARK && m.sort[target] !== MARK) steps.push({node: target, isBreak: true});
    add(source);
  }
  return steps;
}

// ---- the panel ----------------------------------------------------------------------------------------------------------------

function swatch(name, mark = "") {
  const icon = h("span", {class: `swatch ${name}`, "aria-hidden": "true"});
  if (DATA.glyphs[mark]) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", "0 -9 10 9");
    path.setAttribute("d", DATA.glyphs[mark]);
    svg.append(path);
    icon.append(svg);
  } else icon.append(mark);
  return icon;
}

function swatchOf(thing) {
  const verdict = model.verdictOf(thing);
  const isPlain = verdict < 0;
  return isPlain ? swatch(!model.isGroup(thing) && model.sort[thing] === LOSS ? "loss" : "op") : swatch(WORDS[verdict], DATA.verdicts[verdict].mark);
}

function entryOf(thing, more) {
  const scope = model.isGroup(thing) ? "" : model.strings[model.scope[thing]] || "", place = model.isGroup(thing) ? null : model.place(model.at[thing]);
  const said = more ?? (model.isTensor(thing) ? DATA.verdicts[model.verdict[thing]].word : [scope, place ? `${base(place.file)}:${place.line}` : ""].filter(Boolean).join(" · "));
  return h("li", {}, h("button", {type: "button", class: "entry", onclick: () => select(thing, {isShown: true})},
    swatchOf(thing), h("span", {}, h("span", {class: "name"}, model.nameHere(thing) === model.name(thing) || model.isTensor(thing) ? model.name(thing) : model.nameHere(thing)), said ? h("span", {class: "more"}, said) : "")));
}

function listOf(title, things, most = 12) {
  const list = [...new Set(things)];
  if (!list.length) return [];
  const items = list.slice(0, most).map(thing => entryOf(thing));
  const rest = list.length - most;
  const ul = h("ul", {}, items);
  if (rest > 0) {
    const more = h("li", {}, h("button", {type: "button", class: "entry", onclick: () => { more.remove(); ul.append(...list.slice(most, most + 200).map(thing => entryOf(thing))); }},
      h("span", {class: "more"}, `${rest.toLocaleString("en")} more`)));
    ul.append(more);
  }
  return [h("h3", {}, `${title} (${list.length.toLocaleString("en")})`), ul];
}

function placeOf(number, isBroken = false) {
  const place = model.place(number);
  if (!place) return "";
  return h("div", {}, h("span", {class: "at"}, `${place.file}:${place.line}`, place.inside ? `, in ${place.inside}` : ""), place.code ? h("pre", {class: isBroken && "broken"}, place.code) : "");
}

const facts = pairs => h("dl", {}, pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined).map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));

function drawPanel() {
  const panel = $("panel");
  panel.replaceChildren(...(selected < 0 ? panelOfLoss() : model.isGroup(selected) ? panelOfGroup(selected) : panelOfNode(selected)));
  panel.scrollTop = 0;
}

function panelOfLoss() {
  const m = model, {loss} = m;
  const elements = [h("h2", {}, loss.name), h("p", {}, loss.headline)];
  if (DATA.notes.length) elements.push(h("h3", {}, "What steps"), ...DATA.notes.map(note => h("p", {class: isAlarm(note) && "break"}, note)));
  if (loss.made >= 0) elements.push(h("h3", {}, `${loss.began} at`), placeOf(loss.made));
  elements.push(verdictBar(0), facts(WORDS.map((word, verdict) => [word, m.verdicts[0][verdict] ? `${count(m.verdicts[0][verdict], "parameter")}: ${DATA.verdicts[verdict].meaning}` : ""])));
  for (const note of loss.notes) elements.push(h("p", {}, note));
  elements.push(h("p", {class: "kind"}, "Click a module to open it, its title to close it. Select anything to see why gradient reaches it, or does not."));
  return elements;
}

function verdictBar(group) {
  const counts = model.verdicts[group], total = model.parameterCount[group];
  if (!total) return "";
  const bar = h("div", {class: "bar", "aria-hidden": "true"});
  counts.forEach((number, verdict) => { if (number) { const part = h("i", {class: WORDS[verdict]}); part.style.flexGrow = number; bar.append(part); } });
  return bar;
}

function panelOfGroup(thing) {
  const m = model, number = thing - m.n, {sort, name, path, times, kind} = m.group(thing), total = m.parameterCount[number];
  const what = {module: kind || "module", run: `the same ${times.toLocaleString("en")} times${kind ? `: ${kind}` : ""}`, part: "a part of what is long"}[sort];
  const elements = [h("h2", {}, sort === "module" ? path || name : m.nameHere(thing)), h("p", {class: "kind"}, what + (sort !== "module" && path ? `, in ${path}` : "")), verdictBar(number)];
  elements.push(facts([
    ...WORDS.map((word, verdict) => [word, m.verdicts[number][verdict] ? count(m.verdicts[number][verdict], "parameter") : ""]),
    ["partly", m.partialCount[number] ? `${count(m.partialCount[number], "parameter")}: another route is severed` : ""],
    ["elements", total ? m.elements[number].toLocaleString("en") : ""],
    ["operations", m.operations[number] ? m.operations[number].toLocaleString("en") : ""],
    ["cuts", m.markCount[number] ? m.markCount[number].toLocaleString("en") : ""],
  ]));
  elements.push(h("button", {type: "button", class: "action", onclick: () => { toggle(thing); drawPanel(); }}, m.isOpen(thing) ? "Close" : "Open"));
  const inside = node => { for (let at = m.parent[node]; at >= 0; at = m.parent[at]) if (at === thing) return true; return false; };
  const sources = [], targets = [];
  for (let line = 0; line < m.sources.length; line++) {
    const from = inside(m.sources[line]), to = inside(m.targets[line]);
    if (from && !to) targets.push(m.targets[line]);
    if (to && !from) sources.push(m.sources[line]);
  }
  elements.push(...listOf("Upstream", sources), ...listOf("Downstream, towards the loss", targets));
  return elements;
}

function panelOfNode(node) {
  const m = model, {loss} = m, number = m.parameter[node], isTensor = m.isTensor(node), elements = [h("h2", {}, m.name(node) || '""')];
  if (m.sort[node] === MARK) {
    elements.push(h("p", {class: "verdict"}, swatch("cut", DATA.looks.cut.mark), "cut"));
    for (const cut of loss.marks[node] || []) elements.push(...cutText(loss.cuts[cut]));
    if (!(loss.marks[node] || []).length) elements.push(h("p", {}, "No parameter that requires grad lies behind it."), placeOf(m.at[node], true));
  } else if (isTensor) {
    const verdict = DATA.verdicts[m.verdict[node]], columns = loss.parameters;
    elements.push(h("p", {class: "verdict"}, swatch(verdict.word, verdict.mark), verdict.word + (number >= 0 && columns.partial[number] ? ", partly" : "")));
    elements.push(h("p", {}, number >= 0 ? m.strings[columns.reason[number]] : "A tensor outside the model that requires grad."));
    elements.push(facts([
      ["shape", m.shape[node] >= 0 ? m.strings[m.shape[node]] : ""],
      ["elements", number >= 0 ? columns.numel[number].toLocaleString("en") : ""],
      ["gradient", number < 0 ? "" : columns.norm[number] !== null ? `L2 norm ${columns.norm[number]}` : verdict.word === "reached" ? "not measured" : "none arrives"],
      ["optimizer", number >= 0 && columns.optimized[number] !== null ? (columns.optimized[number] ? "held by one" : "in none") : ""],
      ["also called", number >= 0 ? columns.also[number].join(", ") : ""],
    ]));
    const isOn = route && route.node === node;
    elements.push(h("button", {type: "button", class: "action", id: "route", "aria-pressed": isOn ? "true" : "false", onclick: () => showRoute(node)}, isOn ? "Hide the route" : "Show the route"));
    if (isOn) elements.push(...routeText());
    if (number >= 0 && columns.switched[number] >= 0) elements.push(h("h3", {}, verdict.word === "frozen" ? "Frozen at" : "Thawed at"), placeOf(columns.switched[number]));
    if (number >= 0) for (const cut of columns.cuts[number]) elements.push(h("h3", {}, "Severed by"), ...cutText(loss.cuts[cut], cut, true));
  } else {
    elements.push(h("p", {class: "kind"}, m.sort[node] === LOSS ? "the loss: backward() starts here" : `operation${m.strings[m.scope[node]] ? ` in ${m.strings[m.scope[node]]}` : ""}${m.pruned[node] === 1 ? ", pruned by a cut" : ""}`));
    if (m.sort[node] === LOSS && loss.made >= 0) elements.push(placeOf(loss.made));
  }
  if (m.sort[node] !== MARK && m.at[node] >= 0) elements.push(h("h3", {}, isTensor ? "First used" : "Source"), placeOf(m.at[node]));
  if (m.sort[node] !== MARK && m.caller[node] >= 0) elements.push(h("h3", {}, "Called at"), placeOf(m.caller[node]));
  const sources = Array.from(m.before(node), line => m.sources[line]), targets = Array.from(m.after(node), line => m.targets[line]);
  const uses = m.sort[node] === PARAMETER || m.sort[node] === STUB ? others(node) : [];
  elements.push(...listOf("Upstream", sources), ...listOf("Downstream, towards the loss", targets), ...listOf("Also drawn", uses));
  const all = [reach(node, m.before, m.sources), reach(node, m.after, m.targets)];
  if (all[0] + all[1]) elements.push(h("p", {class: "kind"}, `In all ${count(all[0], "node")} upstream, ${all[1].toLocaleString("en")} downstream.`));
  return elements;
}

/** The other boxes of a parameter that is used in several places. */
function others(node) {
  const found = [];
  for (let i = 0; i < model.n; i++) if (i !== node && model.parameter[i] === model.parameter[node] && model.parameter[node] >= 0) found.push(i);
  return found;
}

/** How many nodes there are beyond this one. */
function reach(node, lines, ends) {
  const seen = new Uint8Array(model.n), waiting = [node];
  let found = 0;
  seen[node] = 1;
  while (waiting.length) for (const line of lines(waiting.pop())) if (!seen[ends[line]]) { seen[ends[line]] = 1; found++; waiting.push(ends[line]); }
  return found;
}

function cutText(cut, index, isShort = false) {
  const elements = [];
  if (isShort) elements.push(h("p", {class: "at"}, cut.operation));
  elements.push(placeOf(cut.at, true));
  if (cut.caller >= 0) elements.push(h("h3", {}, "Called at"), placeOf(cut.caller));
  elements.push(h("p", {}, cut.meaning), h("h3", {}, "What usually mends it"), h("p", {}, cut.mend));
  if (cut.also.length) elements.push(h("h3", {}, "The same route is severed again at"), ...cut.also.map(place => placeOf(place, true)));
  if (isShort) {
    const mark = markOf(index);
    if (mark >= 0) elements.push(h("button", {type: "button", class: "action", onclick: () => select(mark, {isShown: true})}, "Show the cut"));
  } else elements.push(...listOf("Parameters behind it", cut.parameters.map(nodeOfParameter).filter(node => node >= 0)));
  return elements.filter(Boolean);
}

function nodeOfParameter(number) {
  if (!model.ofParameter) {
    model.ofParameter = new Map();
    for (let i = 0; i < model.n; i++) if (model.sort[i] === PARAMETER) model.ofParameter.set(model.parameter[i], i);
  }
  return model.ofParameter.get(number) ?? -1;
}

function markOf(cut) {
  for (const [node, cuts] of Object.entries(model.loss.marks)) if (cuts.includes(cut)) return Number(node);
  return -1;
}

function showRoute(node) {
  if (route && route.node === node) { route = null; select(node); return; }
  const uses = model.after(node).length ? [] : others(node).slice(0, 40); // of a shared parameter, the use with the best route
  const from = uses.reduce((best, use) => routeTo(use).breaks < routeTo(best).breaks ? use : best, node);
  route = routeTo(from);
  for (const step of stepsOf(route)) if (step.isBreak) reveal(step.node);
  reveal(from);
  route = routeTo(from);
  select(from, {isRoute: true});
  const things = [...route.boxes];
  if (things.length > 1) frameAll(things);
}

/** Bring boxes into the window, as large as is readable. */
function frameAll(things) {
  const {x, y, w, h} = layout;
  const left = Math.min(...things.map(t => x[t])), right = Math.max(...things.map(t => x[t] + w[t]));
  const top = Math.min(...things.map(t => y[t])), bottom = Math.max(...things.map(t => y[t] + h[t]));
  const k = Math.max(leastZoom(), Math.min(1.15, stage.clientWidth / (right - left + 60), (stage.clientHeight - below()) / (bottom - top + 30)));
  moveTo({x: (left + right) / 2 - stage.clientWidth / 2 / k, y: (top + bottom) / 2 - (stage.clientHeight - below()) / 2 / k, k}, true);
}

function routeText() {
  const steps = stepsOf(route), verdict = model.verdict[route.node], breaks = steps.filter(step => step.isBreak);
  if (!route.lines.length) return [h("p", {class: "break"}, "There is no route: its value did not go into this loss.")];
  const said = breaks.length ? `The route breaks ${breaks.length > 1 ? `at ${breaks.length} places, first ` : ""}at ${model.name(breaks[0].node)}.`
    : WORDS[verdict] === "frozen" ? "The value goes all the way to the loss; no gradient is kept, since requires_grad is False."
    : `The route is whole, ${count(route.lines.length, "step")} from the loss.`;
  const items = steps.map(step => {
    const name = step.isBreak ? `breaks at ${model.name(step.node)}` : model.isTensor(step.node) ? model.name(step.node) : step.path || (model.sort[step.node] === LOSS ? model.name(step.node) : "outside any module");
    const place = model.place(model.at[step.node]);
    const more = step.isBreak && place ? `${base(place.file)}:${place.line}: ${place.code}` : step.times > 1 ? count(step.times, "node") : model.isTensor(step.node) ? "" : model.name(step.node);
    return h("li", {class: step.isBreak && "break"}, h("button", {type: "button", class: "entry", onclick: () => { reveal(step.node); centre(model.shownOf(step.node)); }},
      swatchOf(step.node), h("span", {}, h("span", {class: "name"}, name), more ? h("span", {class: "more"}, more) : "")));
  });
  return [h("p", {}, said), h("h3", {}, "From the loss on"), h("ol", {}, items.length > 60 ? [...items.slice(0, 30), h("li", {}, h("span", {class: "entry more"}, `${items.length - 60} more steps`)), ...items.slice(-30)] : items)];
}

// ---- cuts, filters, lines, tabs -----------------------------------------------------------------------------------------------

/** What a cut takes away: all of a parameter's routes, or one of them. */
function severedBy(cut) {
  const {verdict, partial} = model.loss.parameters, isCut = number => WORDS[verdict[number]] === "cut";
  const pruned = cut.parameters.filter(isCut).length, inPart = cut.parameters.filter(number => !isCut(number) && partial[number]).length;
  return [pruned ? `prunes ${count(pruned, "parameter")}` : "", inPart ? `one route of ${count(inPart, "parameter")}` : ""].filter(Boolean).join(", ")
    || `${count(cut.parameters.length, "parameter")} behind it`;
}

function drawCuts() {
  const {cuts} = model.loss, list = $("cuts").querySelector("ol");
  $("cuts").hidden = !cuts.length;
  $("cuts").querySelector("h2").textContent = `Cuts (${cuts.length.toLocaleString("en")})`;
  list.replaceChildren(...cuts.slice(0, 200).map((cut, number) => {
    const place = model.place(cut.at), mark = markOf(number), said = [place ? `${base(place.file)}:${place.line}` : "", `${cut.library ? "inside torch, " : ""}${severedBy(cut)}`];
    return h("li", {}, h("button", {type: "button", class: "entry", "aria-current": selected >= 0 && mark === selected ? "true" : null, onclick: () => mark >= 0 ? select(mark, {isShown: true}) : select(nodeOfParameter(cut.parameters[0]), {isShown: true})},
      swatch("cut", DATA.looks.cut.mark), h("span", {}, h("span", {class: "name"}, cut.operation), h("span", {class: "more"}, said.filter(Boolean).join(" · ")))));
  }), ...(cuts.length > 200 ? [h("li", {}, h("span", {class: "entry more"}, `${cuts.length - 200} more`))] : []));
}

function drawFilters() {
  $("filters").replaceChildren(...DATA.verdicts.flatMap(({word, meaning, mark}, verdict) => {
    const number = model.verdicts[0][verdict];
    if (!number) return [];
    return [h("button", {type: "button", class: "chip", "aria-pressed": model.isHidden[verdict] ? "false" : "true", title: `${meaning}; click to show or hide`, onclick: () => {
      model.isHidden[verdict] ^= 1;
      filtered();
    }}, swatch(word, mark), `${word} ${number.toLocaleString("en")}`)];
  }));
}

function filtered() {
  const focus = [...$("filters").children].indexOf(document.activeElement);
  drawFilters();
  if (focus >= 0) $("filters").children[focus].focus();
  rows = null;
  drawTree();
  draw();
  remember();
}

function drawLegend() {
  const present = new Set(model.strokes);
  $("legend").replaceChildren(...DATA.strokes.flatMap(({name, meaning}, stroke) => present.has(stroke) ? [h("span", {}, h("i", {class: name}), meaning)] : []));
}

function drawTabs() {
  const tabs = $("tabs");
  tabs.hidden = DATA.losses.length < 2;
  tabs.replaceChildren(...DATA.losses.map((loss, number) => h("button", {
    type: "button", role: "tab", id: `tab-${number}`, "aria-controls": "main", "aria-selected": model.loss === loss ? "true" : "false", tabindex: model.loss === loss ? "0" : "-1",
    onclick: () => { showLoss(number); $(`tab-${number}`).focus(); },
    onkeydown: event => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (step) { const next = (number + step + DATA.losses.length) % DATA.losses.length; showLoss(next); $(`tab-${next}`).focus(); event.preventDefault(); }
    },
  }, loss.name)));
}

function showPanel(name) {
  document.body.dataset.panel = name;
  for (const button of $("switch").children) button.setAttribute("aria-pressed", button.dataset.panel === name ? "true" : "false");
  if (name === "finder" && layout) drawTree();
}

// ---- the tree: only the lines in sight are elements ---------------------------------------------------------------------------

let rows = null, active = -1;

/** The lines of the tree from the top, groups before what is in them. */
function treeRows() {
  if (rows) return rows;
  rows = [];
  const waiting = [model.n];
  while (waiting.length) {
    const thing = waiting.pop();
    if (thing !== model.n) {
      if (model.isFaint(thing)) continue;
      rows.push(thing);
    }
    if (model.isOpen(thing)) {
      const {children} = model, inner = children[thing - model.n];
      for (let i = inner.length - 1; i >= 0; i--) waiting.push(inner[i]);
    }
  }
  model.rowOf = new Map(rows.map((thing, row) => [thing, row]));
  return rows;
}

function drawTree(isScrolled = false) {
  const tree = $("tree"), list = treeRows();
  if (!model.rowOf.has(active)) active = list.length ? list[0] : -1;
  const high = tree.clientHeight || 400, at = model.rowOf.get(active);
  $("rows").style.height = `${list.length * ROW}px`;
  if (isScrolled && at !== undefined && (at * ROW < tree.scrollTop || (at + 1) * ROW > tree.scrollTop + high)) tree.scrollTop = at * ROW - high / 2;
  const first = Math.max(0, Math.floor(tree.scrollTop / ROW) - 4), last = Math.min(list.length, Math.ceil((tree.scrollTop + high) / ROW) + 4);
  const shown = [];
  for (let row = first; row < last; row++) shown.push(rowOf(list[row], row));
  if (at !== undefined && (at < first || at >= last)) shown.push(rowOf(active, at));
  $("rows").replaceChildren(...shown);
  if (active >= 0) tree.setAttribute("aria-activedescendant", `row-${active}`); else tree.removeAttribute("aria-activedescendant");
}

function rowOf(thing, row) {
  const m = model, isGroup = m.isGroup(thing), siblings = m.children[m.parent[thing] - m.n], level = m.depth[thing];
  const said = isGroup ? groupSaid(thing) : m.isTensor(thing) ? DATA.verdicts[m.verdict[thing]].word : m.sort[thing] === MARK ? "cut" : "";
  const element = h("div", {
    id: `row-${thing}`, role: "treeitem", class: `row${isGroup ? " module" : ""}${thing === selected ? " selected" : ""}${thing === active ? " active" : ""}`,
    "aria-level": level, "aria-setsize": siblings.length, "aria-posinset": siblings.indexOf(thing) + 1, "aria-selected": thing === selected ? "true" : "false",
    "aria-expanded": isGroup ? (m.isOpen(thing) ? "true" : "false") : null, title: about(thing),
  }, h("span", {class: "twist", "aria-hidden": "true"}, isGroup ? (m.isOpen(thing) ? "▾" : "▸") : ""), swatchOf(thing), h("span", {class: "name"}, m.nameHere(thing)), said ? h("span", {class: "said"}, said) : "");
  element.style.top = `${row * ROW}px`;
  element.style.paddingLeft = `${4 + Math.min(level - 1, 12) * 14}px`;
  return element;
}

function groupSaid(thing) {
  const number = thing - model.n, total = model.parameterCount[number], counts = model.verdicts[number];
  const worst = ["cut", "zero", "unused", "frozen", "reached"].find(word => counts[WORDS.indexOf(word)]);
  const marks = model.markCount[number] ? `${count(model.markCount[number], "cut")}` : "";
  const said = total ? (counts[WORDS.indexOf(worst)] === total ? worst : `${counts[WORDS.indexOf(worst)]} ${worst}`) : "";
  return marks || [said, partly(model.partialCount[number], total)].filter(Boolean).join(", ");
}

function listenToTree() {
  const tree = $("tree");
  const go = row => { const list = treeRows(); active = list[Math.max(0, Math.min(list.length - 1, row))]; select(active); drawTree(true); bring(active); };
  tree.addEventListener("scroll", () => drawTree());
  tree.addEventListener("click", event => {
    const element = event.target.closest(".row");
    if (!element) return;
    const thing = Number(element.id.slice(4));
    active = thing;
    if (model.isGroup(thing) && (event.target.closest(".twist") || event.detail === 2)) toggle(thing);
    select(thing);
    bring(thing);
  });
  tree.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const at = model.rowOf.get(active) ?? 0, isGroup = active >= 0 && model.isGroup(active), page = Math.max(1, Math.floor(tree.clientHeight / ROW) - 1);
    const keys = {
      ArrowDown: () => go(at + 1), ArrowUp: () => go(at - 1), Home: () => go(0), End: () => go(Infinity), PageDown: () => go(at + page), PageUp: () => go(at - page),
      ArrowRight: () => isGroup && (model.isOpen(active) ? go(at + 1) : toggle(active)),
      ArrowLeft: () => isGroup && model.isOpen(active) ? toggle(active) : model.parent[active] !== model.n && go(model.rowOf.get(model.parent[active])),
      Enter: () => { if (isGroup) toggle(active); select(active, {isShown: true}); }, " ": () => { if (isGroup) toggle(active); select(active); },
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
    drawTree(true);
  });
}

/** Move the window only if the thing is out of sight. */
function bring(thing) {
  if (thing < 0) return;
  const {x, y, w, h} = layout, right = view.x + stage.clientWidth / view.k, bottom = view.y + stage.clientHeight / view.k;
  if (x[thing] < view.x || y[thing] < view.y || x[thing] + Math.min(w[thing], 200) > right || y[thing] + Math.min(h[thing], 80) > bottom) centre(thing);
}

// ---- search -------------------------------------------------------------------------------------------------------------------

function search(text) {
  const wanted = text.trim().toLowerCase().split(/\s+/).filter(Boolean), list = $("results");
  if (!wanted.length) { list.hidden = true; list.replaceChildren(); $("found").textContent = ""; return; }
  if (!model.haystack) {
    model.haystack = [];
    const places = model.loss.places.map((_, number) => { const {file, line, code} = model.place(number); return `${file}:${line} ${code}`; });
    for (let i = 0; i < model.n + model.g; i++) {
      if (i >= model.n) { const {name, path, kind} = model.group(i); model.haystack.push(i === model.n ? "" : `${name} ${path} ${kind}`.toLowerCase()); continue; }
      const at = model.at[i] >= 0 ? places[model.at[i]] : "", caller = model.caller[i] >= 0 ? places[model.caller[i]] : "";
      const also = model.parameter[i] >= 0 ? model.loss.parameters.also[model.parameter[i]].join(" ") : "";
      model.haystack.push(`${model.name(i)} ${also} ${model.strings[model.scope[i]] || ""} ${at} ${caller}`.toLowerCase());
    }
  }
  // What is called so comes before what is only somewhere near.
  const found = [[], [], []];
  for (let i = 0; i < model.haystack.length; i++) if (wanted.every(word => model.haystack[i].includes(word))) {
    const name = model.name(i).toLowerCase(), isNamed = wanted.every(word => name.includes(word));
    found[isNamed ? (i < model.n && (model.isTensor(i) || model.sort[i] === MARK) || i >= model.n ? 0 : 1) : 2].push(i);
  }
  const all = found.flat();
  $("found").textContent = all.length > 50 ? `${all.length.toLocaleString("en")} found, the first 50 are shown` : `${all.length} found`;
  list.replaceChildren(...all.slice(0, 50).map(thing => entryOf(thing)));
  list.hidden = !all.length;
}

function listenToSearch() {
  const input = $("search"), list = $("results");
  input.addEventListener("input", () => search(input.value));
  input.addEventListener("keydown", event => {
    if (event.key === "Enter" && list.firstChild) list.querySelector("button").click();
    if (event.key === "ArrowDown" && list.firstChild) { list.querySelector("button").focus(); event.preventDefault(); }
    if (event.key === "Escape") { input.value = ""; search(""); }
  });
  list.addEventListener("keydown", event => {
    const item = event.target.closest("li");
    const next = {ArrowDown: item.nextSibling, ArrowUp: item.previousSibling}[event.key];
    if (next) next.firstChild.focus();
    else if (event.key === "ArrowUp" || event.key === "Escape") input.focus();
    if (event.key.startsWith("Arrow")) event.preventDefault();
  });
}

// ---- the state in the address -------------------------------------------------------------------------------------------------

let written = "", timer = 0;

const initial = () => new Set([0, ...model.loss.open]);

/** Numbers as runs in base 36: 1, 2, 3, 9 give "1-3.9". */
function pack(numbers) {
  const runs = [];
  for (const number of numbers) {
    const last = runs[runs.length - 1];
    if (last && last[1] === number - 1) last[1] = number; else runs.push([number, number]);
  }
  return runs.map(([from, to]) => from === to ? from.toString(36) : `${from.toString(36)}-${to.toString(36)}`).join(".");
}

function unpack(text, most) {
  const numbers = [];
  for (const run of text.split(".")) {
    const [from, to = from] = run.split("-").map(number => parseInt(number, 36));
    for (let number = from; number <= Math.min(to, most - 1); number++) numbers.push(number);
  }
  return numbers;
}

function state() {
  const parts = [], first = initial(), toggled = [];
  if (model.loss !== DATA.losses[0]) parts.push(`loss=${encodeURIComponent(model.loss.name)}`);
  model.open.forEach((isOpen, group) => { if (Boolean(isOpen) !== first.has(group)) toggled.push(group); });
  if (toggled.length) parts.push(`toggled=${pack(toggled)}`);
  if (selected >= 0) parts.push(`at=${selected}`);
  if (route) parts.push("route=1");
  const off = WORDS.filter((_, verdict) => model.isHidden[verdict]);
  if (off.length) parts.push(`without=${off.join(",")}`);
  parts.push(`view=${view.x.toFixed(0)},${view.y.toFixed(0)},${view.k.toFixed(3)}`);
  return parts.join("&");
}

function remember() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    written = state();
    try { history.replaceState(null, "", `#${written}`); } catch { /* a frame without an address of its own */ }
  }, 250);
}

function restore() {
  working++;
  const wanted = new URLSearchParams(location.hash.slice(1));
  const number = Math.max(0, DATA.losses.findIndex(loss => loss.name === wanted.get("loss")));
  model = models[number] ||= new Model(DATA.losses[number]);
  model.foldAsAtFirst();
  if (wanted.get("toggled")) for (const group of unpack(wanted.get("toggled"), model.g)) if (group > 0) model.open[group] ^= 1;
  const off = (wanted.get("without") || "").split(",");
  WORDS.forEach((word, verdict) => { model.isHidden[verdict] = off.includes(word) ? 1 : 0; });
  const at = parseInt(wanted.get("at") ?? "-1", 10);
  layout = new Layout(model);
  hovered = -1;
  setSelected(at > -1 && at < model.n + model.g && at !== model.n ? at : -1);
  active = selected;
  route = wanted.get("route") && selected >= 0 && selected < model.n ? routeTo(selected) : null;
  drawAll();
  const [x, y, k] = (wanted.get("view") || "").split(",").map(Number);
  if (k > 0 && Number.isFinite(x + y + k)) moveTo({x, y, k}); else if (selected >= 0) centre(selected, false); else fit(true);
}

const models = [];

function showLoss(number) {
  working++;
  model = models[number] ||= new Model(DATA.losses[number]);
  layout = new Layout(model);
  route = null;
  hovered = -1;
  setSelected(-1);
  active = -1;
  $("search").value = "";
  search("");
  drawAll();
  fit(true);
}

function drawAll() {
  $("headline").textContent = DATA.notes.find(isAlarm) || model.loss.headline;
  rows = null;
  drawTabs();
  drawFilters();
  drawLegend();
  drawCuts();
  drawPanel();
  drawTree(true);
  draw();
}

// ---- begin --------------------------------------------------------------------------------------------------------------------

readColours();

listenToPointers();
listenToTree();
listenToSearch();
$("zoom-in").addEventListener("click", () => zoom(1.3));
$("zoom-out").addEventListener("click", () => zoom(1 / 1.3));
$("fit").addEventListener("click", () => fit(false, true));
$("expand").addEventListener("click", expandAll);
$("fold").addEventListener("click", foldAll);
$("switch").addEventListener("click", event => { if (event.target.dataset.panel) showPanel(event.target.dataset.panel); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); draw(); });
addEventListener("hashchange", () => { if (location.hash.slice(1) !== written) restore(); });
addEventListener("keydown", event => {
  if (event.target.closest("input, [role=tree]") || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = {"/": () => $("search").focus(), f: () => fit(false, true), "+": () => zoom(1.3), "-": () => zoom(1 / 1.3), Escape: () => select(-1)};
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
// Until somebody takes hold of the view it fits the window, also where the window gets its size late, as a frame that scrolls into sight does.
let isFitted = !/view=/.test(location.hash);
for (const kind of ["pointerdown", "wheel", "keydown", "hashchange"]) addEventListener(kind, () => { isFitted = false; }, {capture: true, once: true, passive: true});
new ResizeObserver(() => { if (isFitted) fit(true); else draw(); drawTree(); }).observe(stage);
showPanel("finder");
restore();
})();
