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
  return {thing, isHeader: thing >= 0 && m.isOpen(thing) && py - y[thing] < HEADER};
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
