// Opening, closing, selecting.

/** Lay out again after groups were opened or closed; ``anchor`` stays where it is in the window. */
function renew(anchor = -1) {
  const {layout: before, view, model} = state;
  const after = new Layout(model);
  state.edition++;
  state.layout = after;
  if (anchor >= 0) {
    view.x += after.x[anchor] + after.axis[anchor] - before.x[anchor] - before.axis[anchor];
    view.y += after.y[anchor] - before.y[anchor];
  }
  renewed();
}

function renewed() {
  setSelected(state.selected);
  if (state.route) state.route = routeTo(state.route.node);
  state.rows = null;
  drawTree();
  draw();
  remember();
}

function toggle(thing) {
  const {model: m} = state;
  m.open[thing - m.n] ^= 1;
  renew(m.shownOf(thing) === thing ? thing : -1);
  const done = m.isOpen(thing) ? "opened" : "closed";
  const boxes = counted(state.layout.boxes, "box", "boxes");
  say(`${m.name(thing) || "model"} ${done}, ${boxes} shown`);
}

/** Open every group around a thing. */
function reveal(thing) {
  const {model: m} = state;
  const closed = [];
  for (let at = m.parent[thing]; at >= 0; at = m.parent[at]) if (!m.isOpen(at)) closed.push(at);
  for (const group of closed) m.open[group - m.n] = 1;
  if (closed.length) renew();
}

function setSelected(thing) {
  state.selected = thing;
  state.near = {box: thing >= 0 ? state.model.shownOf(thing) : -1};
}

function select(thing, {isShown = false, isRoute = false, cut = -1} = {}) {
  state.cut = cut;
  if (!isRoute && state.route && state.route.node !== thing) state.route = null;
  if (thing >= 0 && isShown) reveal(thing);
  setSelected(thing);
  if (thing >= 0) state.active = thing;
  if (thing >= 0 && isShown) bring(thing, STILL_READABLE / DETAIL);
  drawPanel();
  drawCuts();
  state.rows = null;
  drawTree(isShown);
  if (thing >= 0) showPanel("panel");
  draw();
  remember();
}

function say(text) {
  $("said").textContent = text;
}

/** Open every group; the model stays as it is drawn until the layout is made. */
function expandAll() {
  const {model: m} = state;
  const edition = ++state.edition;
  const opened = Object.create(m);
  opened.open = new Uint8Array(m.g).fill(1);
  opened.room = 0;
  Layout.soon(opened, layout => {
    if (edition !== state.edition || m !== state.model) return;
    m.open = opened.open;
    m.room = 0;
    m.findShown();
    layout.m = m;
    state.layout = layout;
    renewed();
    fit(true);
    say(`Everything is open, ${counted(layout.boxes, "box", "boxes")}`);
  });
}

function foldAll() {
  state.model.foldAsAtFirst();
  renew();
  fit(true);
  say(`Folded as at first, ${counted(state.layout.boxes, "box", "boxes")}`);
}
