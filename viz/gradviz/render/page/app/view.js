// Moving about, by keys, buttons and the pointer.

// Moving about.

const MOST_ZOOM = 3;
const LARGEST = 1.15; // the scale that a movement to something ends at, at most

const leastZoom = () => Math.min(0.5, wholeZoom() * 0.7);

/** The scale at which everything fits. */
function wholeZoom(layout = state.layout) {
  const {model} = state;
  const across = stage.clientWidth / (layout.w[model.n] + 16);
  return Math.min(across, stage.clientHeight / (layout.h[model.n] + 8));
}

/** Change the scale; the point of the window that is given stays where it is. */
function zoom(factor, atX = stage.clientWidth / 2, atY = stage.clientHeight / 2) {
  const {x, y, k: before} = state.view;
  const k = Math.min(MOST_ZOOM, Math.max(leastZoom(), before * factor));
  moveTo({x: x + atX / before - atX / k, y: y + atY / before - atY / k, k});
}

function moveTo(next, isSoft = false) {
  cancelAnimationFrame(state.motion);
  if (isSoft && !still.matches) {
    glideTo(next);
    return;
  }
  Object.assign(state.view, next);
  draw();
  remember();
}

/** Move softly: the middle of the window goes straight while the scale changes. */
function glideTo(next) {
  const {clientWidth: wide, clientHeight: high} = stage;
  const middle = ({x, y, k}) => [x + wide / 2 / k, y + high / 2 / k];
  const from = {...state.view};
  const [x0, y0] = middle(from);
  const [x1, y1] = middle(next);
  const start = performance.now();
  const step = now => {
    const part = Math.min(1, Math.max(0, (now - start) / 220));
    const ease = 1 - (1 - part) ** 3;
    const k = from.k * (next.k / from.k) ** ease;
    const x = x0 + (x1 - x0) * ease - wide / 2 / k;
    const y = y0 + (y1 - y0) * ease - high / 2 / k;
    Object.assign(state.view, {x, y, k});
    draw();
    if (part < 1) state.motion = requestAnimationFrame(step);
    else remember();
  };
  state.motion = requestAnimationFrame(step);
}

/**
 * Show everything; ``isReadable`` keeps the text readable and, where not everything fits then,
 * begins at what is to blame, or else at the loss.
 */
function fit(isReadable = false, isSoft = false) {
  if (isReadable) findRoom();
  const {model, layout} = state;
  const {x, y, w, h, axis} = layout;
  const [wholeWide, wholeHigh] = [w[model.n], h[model.n]];
  const across = stage.clientWidth / (wholeWide + 16);
  const near = [wholeZoom(), across].find(scale => scale * DETAIL >= STILL_READABLE);
  const least = isReadable ? Math.min(READABLE / DETAIL, near ?? Infinity) : 0;
  const k = Math.min(LARGEST, Math.max(wholeZoom(), least));
  const wide = stage.clientWidth / k;
  const high = stage.clientHeight / k;
  const blamed = boxToBlame();
  const lowest = wholeHigh - high;
  let middle = wholeWide / 2;
  if (wholeWide > wide) {
    const wanted = blamed >= 0 ? middleAround(blamed, wide) : axis[model.n];
    middle = Math.min(wholeWide - wide / 2, Math.max(wide / 2, wanted)); // no empty ground beside
  }
  let top = lowest / 2;
  if (wholeHigh > high) {
    const atBlamed = blamed >= 0 ? y[blamed] + h[blamed] / 2 - high / 2 : lowest;
    top = Math.max(0, Math.min(lowest, atBlamed));
  }
  moveTo({x: middle - wide / 2, y: top, k}, isSoft);
}

/**
 * Let the boxes of a small picture stand as close as it takes to have all in sight, or at least
 * all of their height: first with smaller gaps, then with one line to a box.
 */
function findRoom() {
  const {model} = state;
  const layouts = [];
  const layoutIn = room => {
    model.room = room;
    return (layouts[room] ??= new Layout(model));
  };
  const isEnough = (scale, room) => scale * DETAIL >= (room ? STILL_READABLE : READABLE);
  const rooms = state.layout.boxes > FEW ? [0] : [0, 1, 2];
  const isWhole = room => isEnough(wholeZoom(layoutIn(room)), room);
  const isHigh = room => isEnough(stage.clientHeight / (layoutIn(room).h[model.n] + 8), room);
  const room = rooms.find(isWhole) ?? rooms.find(isHigh) ?? rooms.at(-1);
  state.layout = layoutIn(room);
  state.edition++;
}

/** The box of the first cut, or else of the first parameter that is not used; -1 for none. */
function boxToBlame() {
  const {model} = state;
  if (model.loss.cuts.length) return model.shownOf(model.markOf(0));
  const unused = model.loss.parameters.verdict.indexOf(WORDS.indexOf("unused"));
  const node = unused < 0 ? -1 : model.nodeOfParameter(unused);
  return node < 0 ? -1 : model.shownOf(node);
}

/** The middle of the widest frame around a thing that fits the window. */
function middleAround(thing, wide) {
  const {layout, model} = state;
  let at = thing;
  while (model.parent[at] >= 0 && layout.w[model.parent[at]] <= wide) at = model.parent[at];
  return layout.x[at] + layout.w[at] / 2;
}

function centre(thing, isSoft = true) {
  const {layout, view} = state;
  const {x, y, w, h} = layout;
  const {clientWidth: wide, clientHeight: high} = stage;
  const whole = Math.max(0.3, Math.min(wide / (w[thing] + 60), high / (h[thing] + 60)));
  const k = Math.min(LARGEST, Math.max(view.k, 0.8), whole);
  const left = x[thing] + w[thing] / 2 - wide / 2 / k;
  moveTo({x: left, y: y[thing] + h[thing] / 2 - high / 2 / k, k}, isSoft);
}

/** What some boxes take up together: left, top, right, bottom. */
function boundsOfAll(things) {
  const {x, y, w, h} = state.layout;
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const t of things) {
    bounds[0] = Math.min(bounds[0], x[t]);
    bounds[1] = Math.min(bounds[1], y[t]);
    bounds[2] = Math.max(bounds[2], x[t] + w[t]);
    bounds[3] = Math.max(bounds[3], y[t] + h[t]);
  }
  return bounds;
}

/** The scale at which some boxes fit the window together. */
function wholeOf(things) {
  const [left, top, right, bottom] = boundsOfAll(things);
  const {clientWidth: wide, clientHeight: high} = stage;
  return Math.min(LARGEST, wide / (right - left + 60), high / (bottom - top + 30));
}

/** Bring boxes into the window, as large as is readable. */
function frameAll(things) {
  const [left, top, right, bottom] = boundsOfAll(things);
  const {clientWidth: wide, clientHeight: high} = stage;
  const k = Math.max(leastZoom(), wholeOf(things));
  moveTo({x: (left + right) / 2 - wide / 2 / k, y: (top + bottom) / 2 - high / 2 / k, k}, true);
}

/** Move the window only if the thing is out of sight, or smaller than at the least scale given. */
function bring(thing, least = 0) {
  if (thing < 0) return;
  const {layout, view} = state;
  const {x, y, w, h} = layout;
  const right = view.x + stage.clientWidth / view.k;
  const bottom = view.y + stage.clientHeight / view.k;
  const isAcross = x[thing] >= view.x && x[thing] + Math.min(w[thing], 200) <= right;
  const isDown = y[thing] >= view.y && y[thing] + Math.min(h[thing], 80) <= bottom;
  if (!isAcross || !isDown || view.k < least) centre(thing);
}

// What the pointer does.

const CLICK = 4; // pixels that a pointer may wander in a click

/** The innermost thing at a point of the window; -1 for none. The root is none. */
function hit(clientX, clientY) {
  const {model: m, layout, view} = state;
  const {x, y, w, h} = layout;
  const box = canvas.getBoundingClientRect();
  const px = view.x + (clientX - box.left) / view.k;
  const py = view.y + (clientY - box.top) / view.k;
  const isOver = child =>
    px >= x[child] && px <= x[child] + w[child] && py >= y[child] && py <= y[child] + h[child];
  let thing = -1;
  for (let group = m.n; group >= 0;) {
    const over = m.children[group - m.n].filter(isOver);
    if (over.length) thing = over[over.length - 1];
    group = over.filter(isSpread).pop() ?? -1;
  }
  return {thing, isHeader: thing >= 0 && m.isOpen(thing) && py - y[thing] < layout.room.header};
}

/** What a tooltip says of a thing. */
function about(thing) {
  const {model: m} = state;
  return (m.isGroup(thing) && m.group(thing).path) || m.name(thing);
}

function click(event) {
  const {model: m} = state;
  const {thing, isHeader} = hit(event.clientX, event.clientY);
  if (thing >= 0 && m.isGroup(thing) && (isHeader || !m.isOpen(thing))) toggle(thing);
  select(thing);
}

function hover(thing) {
  if (thing === state.hovered) return;
  state.hovered = thing;
  canvas.classList.toggle("over", thing >= 0);
  canvas.title = thing >= 0 ? about(thing) : "";
  draw();
}

function listenToPointers() {
  const pointers = new Map();
  let wandered = 0;
  let gap = 0;
  const pointOf = event => ({x: event.clientX, y: event.clientY});
  const middle = () => {
    const all = [...pointers.values()];
    const box = canvas.getBoundingClientRect();
    const mean = axis => all.reduce((sum, point) => sum + point[axis], 0) / all.length;
    return [mean("x") - box.left, mean("y") - box.top];
  };
  const spread = () => {
    const [a, b] = [...pointers.values()];
    return b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  const press = event => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, pointOf(event));
    if (pointers.size === 1) wandered = 0;
    gap = spread();
  };
  const move = event => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      hover(hit(event.clientX, event.clientY).thing);
      return;
    }
    const [x0, y0] = middle();
    wandered += Math.abs(event.clientX - before.x) + Math.abs(event.clientY - before.y);
    pointers.set(event.pointerId, pointOf(event));
    const [x1, y1] = middle();
    const wide = spread();
    const {x, y, k} = state.view;
    if (wandered > CLICK) canvas.classList.add("moving");
    moveTo({x: x - (x1 - x0) / k, y: y - (y1 - y0) / k, k});
    if (gap && wide) zoom(wide / gap, x1, y1);
    gap = wide;
  };
  const release = event => {
    if (!pointers.delete(event.pointerId)) return;
    gap = spread();
    canvas.classList.remove("moving");
    if (event.type === "pointerup" && !pointers.size && wandered <= CLICK) click(event);
  };
  const leave = () => {
    if (state.hovered < 0) return;
    state.hovered = -1;
    draw();
  };
  const wheel = event => {
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    const lines = event.deltaMode === 1 ? 20 : 1;
    const factor = Math.exp(-event.deltaY * lines * 0.0016);
    zoom(factor, event.clientX - box.left, event.clientY - box.top);
  };
  canvas.addEventListener("pointerdown", press);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", leave);
  canvas.addEventListener("wheel", wheel, {passive: false});
}
