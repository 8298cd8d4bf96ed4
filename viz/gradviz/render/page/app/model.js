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
    for (const [name, values] of Object.entries(loss.nodes)) {
      this[name] = this.column(values);
    }
    this.parent = new Int32Array(this.n + this.g).fill(-1);
    this.depth = new Int32Array(this.n + this.g);
    this.children = Array.from({length: this.g}, () => []);
    this.readTree();
    [this.sources, this.targets, this.strokes] = loss.lines;
    this.after = this.index(this.sources);
    this.before = this.index(this.targets);
    this.boxLines = loss.boxes.map(lines => lines.map(line => this.readLine(line)));
    this.tallies = loss.tallies.map(row => this.readTally(row));
    this.open = new Uint8Array(this.g);
    this.isHidden = new Uint8Array(WORDS.length);
    this.foldAsAtFirst();
  }

  /** A column as it is written: one number for all, runs, or a number for each. */
  column(values) {
    if (typeof values === "number") return new Int32Array(this.n).fill(values);
    if (!values.runs) return values;
    const column = new Int32Array(this.n);
    let at = 0;
    for (let i = 0; i < values.runs.length; i += 2) {
      column.fill(values.runs[i], at, (at += values.runs[i + 1]));
    }
    return column;
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
    return {
      sort,
      name,
      path,
      times,
      kind: this.strings[kind],
      local: this.strings[local],
      words: this.strings[words],
      tally: this.tallies[tally],
      lines: this.boxLines[lines],
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
    return this.isGroup(thing) ? this.group(thing).lines : this.boxLines[this.lines[thing]];
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
