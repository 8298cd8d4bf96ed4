// The room around the graph: panels, colours, what is in the window.

const SIDES = {finder: 1, panel: -1}; // on which side of its grip a panel is
const NARROWEST = 160;
const WIDEST = 700;

/** Make a panel as wide as is wanted. */
function widen(side, wide) {
  const width = Math.round(clamp(wide, NARROWEST, WIDEST));
  $("main").style.setProperty(`--${side}`, `${width}px`);
  $(`grip-${side}`).setAttribute("aria-valuenow", width);
}

function listenToGrip(side) {
  const grip = $(`grip-${side}`);
  const panel = $(side);
  grip.setAttribute("aria-valuemin", NARROWEST);
  grip.setAttribute("aria-valuemax", WIDEST);
  grip.setAttribute("aria-valuenow", Math.round(clamp(panel.offsetWidth, NARROWEST, WIDEST)));
  grip.addEventListener("pointerdown", event => grip.setPointerCapture(event.pointerId));
  grip.addEventListener("pointermove", event => {
    if (!grip.hasPointerCapture(event.pointerId)) return;
    const {left, right} = panel.getBoundingClientRect();
    widen(side, SIDES[side] > 0 ? event.clientX - left : right - event.clientX);
  });
  grip.addEventListener("keydown", event => {
    const by = {ArrowLeft: -20, ArrowRight: 20}[event.key];
    if (by) widen(side, panel.offsetWidth + by * SIDES[side]);
  });
}

/** Show or hide a panel. */
function switchSide(event) {
  const button = event.target.closest(".side");
  if (!button) return;
  const isShown = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", flag(isShown));
  const hidden = [...document.querySelectorAll(".side[aria-pressed=false]")];
  document.body.dataset.without = hidden.map(button => button.dataset.side).join(" ");
}

function recolour() {
  readColours();
  draw();
}

function switchScheme() {
  const root = document.documentElement;
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = root.dataset.scheme || (isDark ? "dark" : "light");
  root.dataset.scheme = now === "dark" ? "light" : "dark";
  recolour();
}

/** How a place is opened in an editor. */
const EDITOR = "vscode://file/{file}:{line}";

function editor() {
  try {
    return localStorage.getItem("gradviz-editor") || EDITOR;
  } catch {
    return EDITOR; // a frame without a store of its own
  }
}

/** Where the reader says which editor opens a place; only what is a scheme of a program is kept. */
function editorSetting() {
  const onchange = event => {
    const wanted = event.target.value.trim();
    const isSafe = /^[a-z][a-z0-9+.-]*:\/\//.test(wanted) && wanted.includes("{file}");
    try {
      if (isSafe) localStorage.setItem("gradviz-editor", wanted);
      else localStorage.removeItem("gradviz-editor");
    } catch {
      // it holds as long as the page is open: not at all
    }
    drawPanel();
  };
  const field = h("input", {class: "editor", "aria-label": "Link of the editor", onchange});
  field.value = editor();
  return [h("h3", {}, "Lines open in"), field];
}

/** The groups around what is in the middle of the window, where the window shows a part. */
function drawCrumbs() {
  const {model: m, view} = state;
  const trail = [];
  if (view.k > wholeZoom() * 1.15) {
    const box = canvas.getBoundingClientRect();
    let {thing} = hit(box.left + box.width / 2, box.top + box.height / 2);
    for (; thing >= 0; thing = m.parent[thing]) if (m.isGroup(thing)) trail.unshift(thing);
    if (!trail.length) trail.push(m.n);
  }
  const text = trail.join(" ");
  const crumbs = $("crumbs");
  if (crumbs.dataset.trail === text) return;
  crumbs.dataset.trail = text;
  crumbs.replaceChildren(...trail.map(crumb));
  // Where there is no room for all, the outer ones give way.
  while (crumbs.children.length > 2 && crumbs.scrollWidth > crumbs.clientWidth) {
    crumbs.children[1].remove();
    crumbs.firstChild.textContent = "…";
  }
}

function crumb(thing) {
  const {model: m} = state;
  const onclick = () => (thing === m.n ? fit(false, true) : frameAll([thing]));
  const name = thing === m.n ? "all" : m.nameHere(thing);
  return h("button", {type: "button", onclick}, name);
}

/** What made the page, and when. */
function madeBy() {
  const torch = DATA.torch && `torch ${DATA.torch}`;
  const date = new Date(document.lastModified).toLocaleString("sv").slice(0, 16);
  const parts = [`gradviz ${DATA.version}`, torch, date].filter(Boolean);
  return [parts.join(" \u00b7 "), DATA.command && h("code", {}, DATA.command)];
}

function listenToRoom() {
  for (const side of Object.keys(SIDES)) listenToGrip(side);
  $("tools").addEventListener("click", switchSide);
  $("theme").addEventListener("click", switchScheme);
  $("print").addEventListener("click", () => print());
  addEventListener("beforeprint", printLight);
  $("operations").addEventListener("click", event => {
    state.isFull = !state.isFull;
    event.target.setAttribute("aria-pressed", flag(state.isFull));
    state.rows = null;
    drawTree();
  });
  $("made").replaceChildren(...madeBy());
  $("made").title = DATA.command;
}
