// Layout: linear in what is shown, without recursion.

/**
 * Boxes and lines of what is open, with their places. Each open group is laid out by itself, the
 * innermost first.
 */
class Layout {
  constructor(model) {
    for (const _ of this.steps(model)); // at once
  }

  /** The work in small steps, for a caller who wants to rest in between. */
  *steps(model) {
    this.m = model;
    this.room = ROOMS[model.room];
    const {n, g} = model;
    for (const name of ["x", "y", "w", "h", "axis"]) this[name] = new Float64Array(n + g);
    this.layer = new Int32Array(n + g);
    this.column = new Int32Array(n + g);
    this.levels = new Array(g);
    model.findShown();
    yield* this.collect();
    this.boxes = 0;
    for (let group = g - 1; group >= 0; group--) {
      if (model.box[group] !== -1) continue;
      this.arrange(group);
      yield;
    }
    this.place();
  }

  /** Lay out a model in the pauses between frames; ``done`` gets the layout. */
  static soon(model, done) {
    const layout = Object.create(Layout.prototype);
    const steps = layout.steps(model);
    const work = () => {
      const until = performance.now() + 40;
      while (performance.now() < until) {
        for (let i = 0; i < 20; i++) {
          if (!steps.next().done) continue;
          done(layout);
          return;
        }
      }
      setTimeout(work);
    };
    work();
  }

  /** Lines between what is shown; each becomes a hop in every open group that it crosses. */
  *collect() {
    const {m} = this;
    const all = m.n + m.g;
    const edges = new Map();
    for (let group = 0; group < m.g; group++) {
      if (m.box[group] === -1) this.levels[group] = {hops: new Map(), edges: []};
    }
    for (let line = 0; line < m.sources.length; line++) {
      if (line % 50 === 49) yield;
      const from = m.shown[m.sources[line]];
      const to = m.shown[m.targets[line]];
      if (from === to) continue;
      const key = (from * all + to) * 8 + m.strokes[line];
      const edge = edges.get(key);
      if (edge) edge.times++;
      else edges.set(key, this.cross({from, to, stroke: m.strokes[line], times: 1}));
    }
    this.edges = [...edges.values()];
  }

  /** Give an edge its hops: out of the groups around its source, into those around its target. */
  cross(edge) {
    const {parent, depth, n} = this.m;
    const up = [];
    const down = [];
    let a = edge.from;
    let b = edge.to;
    while (a !== b && parent[a] !== parent[b]) {
      const isUp = depth[a] >= depth[b];
      const isDown = depth[b] >= depth[a];
      if (isUp) {
        up.push(this.hop(parent[a], a, OUT));
        a = parent[a];
      }
      if (isDown) {
        down.push(this.hop(parent[b], IN, b));
        b = parent[b];
      }
    }
    up.push(this.hop(parent[a], a, b));
    edge.hops = [...up, ...down.reverse()];
    this.levels[parent[a] - n].edges.push(edge);
    return edge;
  }

  /** The hop from ``u`` to ``v`` in an open group, made where there is none yet. */
  hop(group, u, v) {
    const {hops} = this.levels[group - this.m.n];
    const key = this.hopKey(u, v);
    let hop = hops.get(key);
    if (!hop) hops.set(key, (hop = {group, u, v, lane: null}));
    return hop;
  }

  hopKey(u, v) {
    return (u + 2) * (this.m.n + this.m.g + 2) + v + 2;
  }

  /** How large the box of a thing is that is not open. */
  measure(thing) {
    const lines = this.m.linesOf(thing);
    const wide = ({wide, asideWide, mark}, number) =>
      (wide + asideWide) * (number ? DETAIL : NAME) + (mark ? MARK_WIDE : 0);
    this.w[thing] = Math.ceil(Math.max(...lines.map(wide)) + (this.m.isGroup(thing) ? 44 : 22));
    const hasBar = this.m.isGroup(thing) && this.m.tally(thing).parameters;
    const high = (hasBar ? 14 : 9) + lines.length * LINE_HIGH;
    this.h[thing] = lines.length === 1 && !hasBar ? LOW : high;
    this.axis[thing] = this.w[thing] / 2;
  }

  /** Give everything that stands in a group its place within the group, and the group its size. */
  arrange(group) {
    const {m, w, h, axis} = this;
    const thing = m.n + group;
    const level = this.levels[group];
    this.connect(level, m.children[group]);
    this.part(level, m.children[group]);
    findLayers(this, level);
    findColumns(this, level);
    this.measureColumns(level);
    const {core, columns, centre} = level;
    const down = this.placeShelf(level, group ? this.room.header : 0);
    const bottom = this.measureRows(level, down);
    const {pad} = this.room;
    const title = group ? m.group(thing).title : null;
    const least = title ? (title.wide + title.asideWide) * NAME + 70 + 2 * pad : 2 * pad;
    const spread = Math.max(0, least - level.wide);
    level.spread = spread / 2;
    this.placeCore(level);
    w[thing] = level.wide + spread;
    h[thing] = bottom + pad;
    const middle = centre.get(0) ?? centre.get(columns[0]);
    axis[thing] = core.length ? middle + level.spread : w[thing] / 2;
  }

  /** What goes into each item of a level, and out of it; boxes get their sizes. */
  connect(level, items) {
    level.into = new Map();
    level.out = new Map();
    for (const item of items) {
      level.into.set(item, []);
      level.out.set(item, []);
      if (this.m.isOpen(item)) continue;
      this.measure(item);
      this.boxes++;
    }
    for (const {u, v} of level.hops.values()) {
      if (u !== IN) level.out.get(u).push(v);
      if (v !== OUT) level.into.get(v).push(u);
    }
  }

  /** Tensors stand beside what uses them; what has no line stands on a shelf above. */
  part(level, items) {
    Object.assign(level, {beside: new Map(), isBeside: new Set(), shelf: [], core: []});
    for (const item of items) {
      const targets = level.out.get(item);
      const isSource = level.into.get(item).length === 0;
      const [user] = targets;
      if (isSource && targets.length === 0) level.shelf.push(item);
      else if (isSource && this.m.isTensor(item) && targets.length === 1 && user !== OUT) {
        if (!level.beside.has(user)) level.beside.set(user, []);
        level.beside.get(user).push(item);
        level.isBeside.add(item);
      } else level.core.push(item);
    }
  }

  /** How high some tensors are, one above the other. */
  stackOf(tensors) {
    return tensors.reduce((sum, tensor) => sum + this.h[tensor] + STACK_GAP, -STACK_GAP);
  }

  /** Where the middle of each column is, and how high each row. */
  measureColumns(level) {
    const {w, h, axis, layer, column} = this;
    const {columns, core, beside, top} = level;
    const left = new Map(columns.map(number => [number, LANE]));
    const right = new Map(left);
    const widen = (map, key, value) => map.set(key, Math.max(map.get(key), value));
    level.height = new Float64Array(top + 1);
    for (const item of core) {
      const tensors = beside.get(item) || [];
      const widest = Math.max(...tensors.map(tensor => w[tensor]));
      const wide = tensors.length ? widest + this.room.sideGap : 0;
      const isRight = column[item] > 0; // away from the middle
      widen(left, column[item], axis[item] + (isRight ? 0 : wide));
      widen(right, column[item], w[item] - axis[item] + (isRight ? wide : 0));
      const row = layer[item];
      level.height[row] = Math.max(level.height[row], h[item], this.stackOf(tensors));
    }
    level.centre = new Map();
    let at = this.room.pad;
    columns.forEach((number, position) => {
      const isLane = left.get(number) === LANE && right.get(number) === LANE;
      const gap = position === columns.length - 1 ? 0 : isLane ? 10 : this.room.columnGap;
      at += left.get(number);
      level.centre.set(number, at);
      at += right.get(number) + gap;
    });
    level.wide = core.length ? at + this.room.pad : 2 * this.room.pad;
  }

  /** Place what has no line, in as many rows as it needs; return where the next row begins. */
  placeShelf(level, header) {
    const {x, y, w, h} = this;
    const {shelf, core} = level;
    const {pad, rowGap} = this.room;
    const most = Math.max(level.wide - 2 * pad, shelf.length > 24 ? 1400 : 560);
    let down = header + pad;
    let cursor = pad;
    let rowHeight = 0;
    for (const item of shelf) {
      if (cursor > pad && cursor + w[item] > most + pad) {
        cursor = pad;
        down += rowHeight + 10;
        rowHeight = 0;
      }
      x[item] = cursor;
      y[item] = down;
      cursor += w[item] + 12;
      level.wide = Math.max(level.wide, cursor - 12 + pad);
      rowHeight = Math.max(rowHeight, h[item]);
    }
    return shelf.length ? down + rowHeight + (core.length ? rowGap : 0) : down;
  }

  /** Find where each row begins, from the top one down; return where the last ends. */
  measureRows(level, down) {
    const {top, height} = level;
    level.rowTop = new Float64Array(top + 1);
    for (let number = top; number >= 0; number--) {
      level.rowTop[number] = down;
      down += height[number] + (number ? this.room.rowGap : 0);
    }
    return down;
  }

  /** Place what has lines, and tensors beside their users. */
  placeCore({core, beside, rowTop, height, centre, spread}) {
    const {x, y, w, h, axis, layer, column} = this;
    for (const item of core) {
      const middle = rowTop[layer[item]] + height[layer[item]] / 2;
      x[item] = centre.get(column[item]) - axis[item] + spread;
      y[item] = middle - h[item] / 2;
      const tensors = beside.get(item) || [];
      const onRight = x[item] + w[item] + this.room.sideGap;
      let stack = middle - this.stackOf(tensors) / 2;
      for (const tensor of tensors) {
        x[tensor] = column[item] > 0 ? onRight : x[item] - this.room.sideGap - w[tensor];
        y[tensor] = stack;
        stack += h[tensor] + STACK_GAP;
      }
    }
  }

  /** From places within a group to places on the canvas. */
  place() {
    const {m, x, y} = this;
    for (let group = 0; group < m.g; group++) {
      if (m.box[group] !== -1) continue;
      for (const child of m.children[group]) {
        x[child] += x[m.n + group];
        y[child] += y[m.n + group];
      }
    }
  }

  /** The points of a line; between two of them it runs straight or in a bend. */
  points(edge) {
    if (!edge.points) {
      const {group, u} = edge.hops[0];
      const isBeside = this.levels[group - this.m.n].isBeside.has(u);
      edge.points = edge.hops.length === 1 && isBeside ? this.flat(edge) : this.bent(edge);
    }
    return edge.points;
  }

  /** From a tensor to what it stands beside. */
  flat(edge) {
    const {m, x, y, w, h} = this;
    const {from, to} = edge;
    const height = y[from] + h[from] / 2;
    const within = Math.min(Math.max(height, y[to] + 6), y[to] + h[to] - 6);
    const onto = m.isOpen(to) ? height : within;
    edge.flat = x[from] < x[to] ? 1 : -1;
    if (edge.flat > 0) return [x[from] + w[from], height, x[to], onto];
    return [x[from], height, x[to] + w[to], onto];
  }

  /** From the lower edge of a box down to the upper edge of another, by way of lanes. */
  bent(edge) {
    const {m, x, y, h, axis, layer} = this;
    const points = [];
    let at = x[edge.from] + axis[edge.from];
    points.push(at, y[edge.from] + h[edge.from]);
    for (const {group, u, v, lane} of edge.hops) {
      const {top, rowTop, height, centre, spread} = this.levels[group - m.n];
      const upper = u === IN ? top + 1 : layer[u];
      const lower = v === OUT ? -1 : layer[v];
      const end = row => y[group] + rowTop[row] + height[row];
      if (u !== IN) points.push(at, end(upper));
      if (lane !== null && upper - lower > 1) {
        const middle = x[group] + centre.get(lane) + spread;
        points.push(middle, y[group] + rowTop[upper - 1], middle, end(lower + 1));
      }
      at = v === OUT ? x[group] + axis[group] : x[v] + axis[v];
      points.push(at, v === OUT ? y[group] + h[group] : y[group] + rowTop[lower]);
      if (v !== OUT) points.push(at, y[v] + (m.isOpen(v) ? this.room.header : 0));
    }
    return points;
  }
}
