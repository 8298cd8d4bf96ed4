// The route from the loss to a node.

const ROUTE_ZOOM = 0.6; // a route that needs a smaller scale is walked along

/**
 * Find the route from a node to the loss with the fewest lines that no gradient passes, among
 * these the shortest.
 */
function routeTo(node) {
  const {model: m} = state;
  const goal = m.sort.findIndex(sort => sort === LOSS);
  const {came, breaks} = searchFrom(node, goal);
  const route = {node, lines: [], boxes: new Set([m.shownOf(node)]), edges: new Set(), breaks};
  if (!came.has(goal)) return route;
  for (let at = goal; came.get(at) >= 0; at = m.sources[came.get(at)]) {
    const line = came.get(at);
    const from = m.shown[m.sources[line]];
    const to = m.shown[m.targets[line]];
    route.lines.push(line);
    route.boxes.add(from).add(to);
    route.edges.add(m.edgeKey(from, to));
  }
  return route;
}

/** By which line each node is reached, and over how many breaks the goal is; a round for each. */
function searchFrom(node, goal) {
  const {model: m} = state;
  const breaks = new Map([[node, 0]]);
  const came = new Map([[node, -1]]);
  const settled = new Set();
  let later = [];
  for (let now = [node]; now.length && !settled.has(goal); now = later) {
    later = [];
    for (let i = 0; i < now.length && !settled.has(goal); i++) {
      const at = now[i];
      if (settled.has(at)) continue;
      settled.add(at);
      for (const line of m.after(at)) {
        const target = m.targets[line];
        const isWhole = isAlive(m.strokes[line]);
        const total = breaks.get(at) + (isWhole ? 0 : 1);
        if (settled.has(target) || total >= (breaks.get(target) ?? Infinity)) continue;
        breaks.set(target, total);
        came.set(target, line);
        (isWhole ? now : later).push(target);
      }
    }
  }
  return {came, breaks: breaks.get(goal) ?? Infinity};
}

/** The route as steps from the loss on: stretches of one module, and where it breaks. */
function stepsOf(route) {
  const {model: m} = state;
  const steps = [];
  const add = node => {
    const {path} = m.group(m.parent[node]);
    const last = steps[steps.length - 1];
    if (m.isMark(node)) steps.push({node, isBreak: true});
    else if (last && !last.isBreak && last.path === path && !m.isTensor(node)) {
      last.times++;
      last.node = node;
    } else steps.push({node, path, times: 1});
  };
  if (route.lines.length) add(m.targets[route.lines[0]]);
  for (const line of route.lines) {
    const source = m.sources[line];
    const target = m.targets[line];
    const isSevered = m.strokes[line] === STROKE.severed;
    if (isSevered && !m.isMark(source) && !m.isMark(target)) {
      steps.push({node: target, isBreak: true});
    }
    add(source);
  }
  return steps;
}

function showRoute(node) {
  const {model: m} = state;
  if (state.route && state.route.node === node) {
    state.route = null;
    select(node);
    return;
  }
  // Of a parameter that is drawn in several places, the use with the best route.
  const uses = m.after(node).length ? [] : m.usesOf(node).slice(0, 40);
  const best = (a, b) => (routeTo(b).breaks < routeTo(a).breaks ? b : a);
  const from = uses.reduce(best, node);
  for (const step of stepsOf(routeTo(from))) if (step.isBreak) reveal(step.node);
  reveal(from);
  state.route = routeTo(from);
  select(from, {isRoute: true});
  const things = [...state.route.boxes];
  const broken = stepsOf(state.route).find(step => step.isBreak);
  if (wholeOf(things) >= ROUTE_ZOOM) frameAll(things);
  else centre(m.shownOf(broken ? broken.node : from));
}
