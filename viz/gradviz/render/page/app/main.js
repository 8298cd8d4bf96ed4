// The beginning.

readColours();
listenToPointers();
listenToTree();
listenToSearch();
listenToSeries();
$("zoom-in").addEventListener("click", () => zoom(1.3));
$("zoom-out").addEventListener("click", () => zoom(1 / 1.3));
$("fit").addEventListener("click", () => fit(false, true));
$("expand").addEventListener("click", expandAll);
$("fold").addEventListener("click", foldAll);
$("save-svg").addEventListener("click", saveSvg);
$("save-png").addEventListener("click", savePng);
listenToRoom();
listenToMap();
$("switch").addEventListener("click", event => {
  const {panel} = event.target.dataset;
  if (panel) showPanel(document.body.dataset.panel === panel ? "" : panel);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
addEventListener("hashchange", () => {
  if (location.hash.slice(1) !== state.address) restore();
});
addEventListener("keydown", event => {
  const isTyping = event.target.closest("input, [role=tree]");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = {
    "/": () => $("search").focus(),
    f: () => fit(false, true),
    "+": () => zoom(1.3),
    "-": () => zoom(1 / 1.3),
    Escape: () => select(-1),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

// Until somebody takes hold of the view it fits the window, also where the window gets its size
// late, as a frame that scrolls into sight does.
state.isFitted = !/view=/.test(location.hash);
const letGo = () => {
  state.isFitted = false;
};
for (const kind of ["pointerdown", "wheel", "keydown", "hashchange"]) {
  addEventListener(kind, letGo, {capture: true, once: true, passive: true});
}
// From then on what is in the middle stays there.
let before = {wide: 0, high: 0};
new ResizeObserver(() => {
  const {x, y, k} = state.view;
  const now = {wide: stage.clientWidth, high: stage.clientHeight};
  const gap = side => (before[side] ? (before[side] - now[side]) / 2 / k : 0);
  if (state.isFitted) fit(true);
  else moveTo({x: x + gap("wide"), y: y + gap("high"), k});
  before = now;
  drawTree();
}).observe(stage);
// On a phone the picture stands alone below what does not train, and the fix. Where neither stands
// above it and something is cut, the panel tells of it.
const isNarrow = matchMedia("(max-width: 860px)").matches;
if (isNarrow) $("above").prepend($("filters"));
const isTold = (isNarrow && $("training")?.open) || !culpritOf({loss: DATA.losses[DATA.first]});
showPanel(!isTold ? "panel" : isNarrow ? "" : "finder");
restore();
