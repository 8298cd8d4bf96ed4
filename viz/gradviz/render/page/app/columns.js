// Layers and columns of one level of the layout.

/**
 * Give each item of a level its layer: the longest way from it to where the group ends, so that
 * the loss is below.
 */
function findLayers({layer}, level) {
  const {core, into, out, isBeside} = level;
  const left = new Map();
  const ready = [];
  level.top = 0;
  for (const item of core) {
    layer[item] = 0;
    const users = out.get(item).filter(target => target !== OUT).length;
    left.set(item, users);
    if (!users) ready.push(item);
  }
  const settle = () => {
    for (let i = 0; i < ready.length; i++) {
      const item = ready[i];
      left.delete(item);
      level.top = Math.max(level.top, layer[item]);
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
  while (left.size) {
    ready.push(left.keys().next().value); // a cycle; the tree is built so that there is none
    settle();
  }
}

/** Which columns are taken in which layers. */
class Grid {
  constructor(top) {
    this.top = top;
    this.taken = new Map();
  }

  isFree(column, low, high) {
    const used = this.taken.get(column);
    for (let at = low; used && at <= high; at++) if (used[at]) return false;
    return true;
  }

  /** Take the free column that is nearest to ``near``, in the layers from ``low`` to ``high``. */
  take(low, high, near) {
    for (let step = 0; ; step++) {
      const column = near + (step % 2 ? (step + 1) / 2 : -step / 2);
      if (!this.isFree(column, low, high)) continue;
      if (!this.taken.has(column)) this.taken.set(column, new Uint8Array(this.top + 1));
      this.taken.get(column).fill(1, low, high + 1);
      return column;
    }
  }
}

/**
 * Give chains of items columns: the longest the straight one in the middle, the others wherever
 * theirs is free. So do lines that pass by.
 */
function findColumns(layout, level) {
  const grid = new Grid(level.top);
  layChains(layout, level, grid);
  layLanes(layout, level, grid);
  level.columns = [...grid.taken.keys()].sort((a, b) => a - b);
}

/** The item of a list that ``value`` is largest for, the first of several; null for none. */
function largest(list, value) {
  return list.reduce((a, b) => (a === null || value(b) > value(a) ? b : a), null);
}

/** How far up each item goes back. */
function risesOf({layer}, {core, into, isBeside}) {
  const rise = new Map();
  // What comes in from outside goes back furthest, so that the flow through a module is straight.
  const riseOf = source => {
    if (source === IN) return FAR;
    return isBeside.has(source) ? -1 : (rise.get(source) ?? -1);
  };
  for (const item of [...core].sort((a, b) => layer[b] - layer[a])) {
    const most = into.get(item).reduce((most, source) => Math.max(most, riseOf(source)), -1);
    rise.set(item, most + 1);
  }
  return {rise, riseOf};
}

function layChains(layout, level, grid) {
  const {layer, column} = layout;
  const {core, into, out, isBeside, hops, top} = level;
  const {rise, riseOf} = risesOf(layout, level);
  const laid = new Set();
  const layerOf = (item, none) => (item < 0 ? none : layer[item]);
  const setLane = (u, v, number) => {
    hops.get(layout.hopKey(u, v)).lane = number;
  };

  /** The items above one that lie straight on its way back, and what that way comes from. */
  const chainFrom = item => {
    const chain = [item];
    for (;;) {
      const last = chain[chain.length - 1];
      laid.add(last);
      const sources = into.get(last).filter(source => !isBeside.has(source));
      const from = largest(sources, riseOf);
      const free = sources.filter(source => source !== IN && !laid.has(source));
      if (from === null || from === IN || !free.length) return {chain, from};
      chain.push(largest(free, riseOf));
    }
  };

  const nearest = (from, to) => {
    if (to !== null && to !== OUT) return column[to];
    return from !== null && from !== IN && laid.has(from) ? column[from] : 0;
  };

  for (const item of [...core].sort((a, b) => layer[a] - layer[b] || rise.get(b) - rise.get(a))) {
    if (laid.has(item)) continue;
    const {chain, from} = chainFrom(item);
    const first = chain[chain.length - 1];
    const to = largest(out.get(item), target => layerOf(target, -1));
    const high = Math.max(layer[first], from === null ? 0 : layerOf(from, top + 1) - 1);
    const low = Math.min(layer[item], to === null ? top : layerOf(to, -1) + 1);
    const number = grid.take(low, high, nearest(from, to));
    for (const link of chain) column[link] = number;
    for (let i = 1; i < chain.length; i++) setLane(chain[i], chain[i - 1], number);
    if (from !== null) setLane(from, first, number);
    if (to !== null) setLane(item, to, number);
  }
}

/** Lines that pass by take lanes; those with one end in common share one. */
function layLanes({layer, column}, {hops, isBeside, top}, grid) {
  const lanes = new Map();
  for (const hop of hops.values()) {
    const {u, v} = hop;
    if (hop.lane !== null || isBeside.has(u)) continue;
    const high = (u < 0 ? top + 1 : layer[u]) - 1;
    const low = (v < 0 ? -1 : layer[v]) + 1;
    if (low > high) continue;
    const key = v === OUT ? OUT : u;
    if (!lanes.has(key)) lanes.set(key, {low, high, hops: [], near: v >= 0 ? column[v] : 0});
    const lane = lanes.get(key);
    lane.low = Math.min(lane.low, low);
    lane.high = Math.max(lane.high, high);
    lane.hops.push(hop);
  }
  const shortFirst = [...lanes.values()].sort((a, b) => a.high - a.low - (b.high - b.low));
  for (const {low, high, near, hops: shared} of shortFirst) {
    const number = grid.take(low, high, near);
    for (const hop of shared) hop.lane = number;
  }
}
