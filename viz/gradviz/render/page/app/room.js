// The room around the graph: its address, panels, colours, the map, what is in the window.

// What is shown, kept in the address.

const PAUSE = 250; // milliseconds after a change until it is written

/** Numbers as runs in base 36: 1, 2, 3, 9 give "1-3.9". */
function pack(numbers) {
  const runs = [];
  for (const number of numbers) {
    const last = runs[runs.length - 1];
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  const inBase = run => [...new Set(run)].map(number => number.toString(36)).join("-");
  return runs.map(inBase).join(".");
}

function unpack(text, most) {
  const numbers = [];
  for (const run of text.split(".")) {
    const [from, to = from] = run.split("-").map(number => parseInt(number, 36));
    for (let number = from; number <= Math.min(to, most - 1); number++) numbers.push(number);
  }
  return numbers;
}

function addressText() {
  const {model: m, view, selected, route} = state;
  const parts = [];
  const first = new Set([0, ...m.loss.open]);
  const toggled = [];
  m.open.forEach((isOpen, group) => {
    if (Boolean(isOpen) !== first.has(group)) toggled.push(group);
  });
  const off = WORDS.filter((_, verdict) => m.isHidden[verdict]);
  const isFirst = lossShown() === DATA.losses[DATA.first];
  if (!isFirst) parts.push(`loss=${encodeURIComponent(m.loss.name)}`);
  if (toggled.length) parts.push(`toggled=${pack(toggled)}`);
  if (m.actual) parts.push(`if=${m.without}`);
  if (selected >= 0) parts.push(`at=${selected}`);
  if (route) parts.push("route=1");
  if (off.length) parts.push(`without=${off.join(",")}`);
  if (m.room) parts.push(`room=${m.room}`);
  parts.push(`view=${view.x.toFixed(0)},${view.y.toFixed(0)},${view.k.toFixed(3)}`);
  return parts.join("&");
}

/** Write what is shown into the address, after a pause. */
function remember() {
  clearTimeout(state.timer);
  state.timer = setTimeout(() => {
    state.address = addressText();
    try {
      history.replaceState(null, "", `#${state.address}`);
    } catch {
      // a frame without an address of its own
    }
  }, PAUSE);
}

function setLoss(number) {
  state.edition++;
  state.model = state.models[number] ||= new Model(DATA.losses[number]);
  state.hovered = -1;
  state.route = null;
}

/** Show what the address says. */
function restore() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const named = DATA.losses.findIndex(loss => loss.name === wanted.get("loss"));
  setLoss(named < 0 ? DATA.first : named);
  const without = parseInt(wanted.get("if") ?? "-1", 10);
  if (state.model.loss.cuts[without]) state.model = modelWithout(state.model, without);
  const {model: m} = state;
  m.foldAsAtFirst();
  const toggled = wanted.get("toggled") ? unpack(wanted.get("toggled"), m.g) : [];
  for (const group of toggled) if (group > 0) m.open[group] ^= 1;
  const off = (wanted.get("without") || "").split(",");
  WORDS.forEach((word, verdict) => {
    m.isHidden[verdict] = off.includes(word) ? 1 : 0;
  });
  m.room = clamp(parseInt(wanted.get("room") ?? "0", 10) || 0, 0, ROOMS.length - 1);
  state.layout = new Layout(m);
  const at = parseInt(wanted.get("at") ?? "-1", 10);
  setSelected(at >= 0 && at < m.n + m.g && at !== m.n ? at : -1);
  state.active = state.selected;
  const isNode = state.selected >= 0 && state.selected < m.n;
  if (wanted.get("route") && isNode) state.route = routeTo(state.selected);
  drawAll();
  const [x, y, k] = (wanted.get("view") || "").split(",").map(Number);
  if (k > 0 && Number.isFinite(x + y + k)) moveTo({x, y, k});
  else if (state.selected >= 0) centre(state.selected, false);
  else fit(true);
}

function showLoss(number) {
  setLoss(number);
  state.layout = new Layout(state.model);
  setSelected(-1);
  state.active = -1;
  $("search").value = "";
  search("");
  drawAll();
  fit(true);
}

function drawAll() {
  const alarm = DATA.notes.find(note => note.alarm);
  const {actual, loss} = state.model;
  $("headline").textContent = alarm && !actual ? alarm.text : loss.headline;
  state.rows = null;
  drawTabs();
  drawFilters();
  drawLegend();
  drawCuts();
  drawPanel();
  drawTree(true);
  draw();
}

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
  while (crumbs.children.length > 1 && crumbs.scrollWidth > crumbs.clientWidth) {
    crumbs.children[crumbs.children.length > 2 ? 1 : 0].remove();
    if (crumbs.children.length > 1) crumbs.firstChild.textContent = "…";
  }
  // A number alone names nothing: "encoder.3"
  const [first, second] = crumbs.children;
  if (first?.textContent !== "…" || !/^\d/.test(second.textContent)) return;
  let outer = m.parent[trail.at(1 - crumbs.children.length)];
  while (outer !== m.n && m.group(outer).times > 1) outer = m.parent[outer]; // a run
  if (outer !== m.n) second.prepend(`${m.nameHere(outer)}.`);
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

// The map: the whole graph in small, and the part of it that is in the window.

const MANY = 200; // nodes from which on there is a map in any case
const ROOMY = 560; // pixels of the side panel that has room for a map beside a small tree

const map = {canvas: $("map").querySelector("canvas"), picture: null, of: null, k: 1};

/** Where the graph is on the map: its scale, and what is left free at the edges. */
function placeOfMap() {
  const {layout, model: m} = state;
  const {clientWidth: wide, clientHeight: high} = map.canvas;
  const k = Math.min(wide / layout.w[m.n], high / layout.h[m.n]);
  return {k, left: (wide - layout.w[m.n] * k) / 2, top: (high - layout.h[m.n] * k) / 2};
}

/** The boxes, drawn once for each layout. */
function pictureOfMap({k, left, top}, ratio) {
  const {layout, model: m, colours} = state;
  const picture = document.createElement("canvas");
  [picture.width, picture.height] = [map.canvas.width, map.canvas.height];
  const onto = picture.getContext("2d");
  onto.setTransform(k * ratio, 0, 0, k * ratio, left * ratio, top * ratio);
  const waiting = [m.n];
  while (waiting.length) {
    for (const child of m.children[waiting.pop() - m.n]) {
      if (m.isOpen(child)) {
        waiting.push(child);
        continue;
      }
      const {stroke} = lookOf(child);
      onto.fillStyle = m.isMark(child) ? colours.looks.cut.stroke : stroke;
      const least = 1.5 / k;
      const [wide, high] = [Math.max(layout.w[child], least), Math.max(layout.h[child], least)];
      onto.fillRect(layout.x[child], layout.y[child], wide, high);
    }
  }
  return picture;
}

function drawMap() {
  const {layout, model: m, view, colours} = state;
  const isPart = wholeZoom() < STILL_READABLE / DETAIL && $("finder").clientHeight > ROOMY;
  const isLarge = m.n > MANY || isPart;
  const isShown = isLarge && stage.clientWidth > 0;
  if ($("map").hidden === isShown) {
    $("map").hidden = !isShown;
    drawTree();
  }
  if (!isShown || !map.canvas.clientWidth) return;
  const ratio = devicePixelRatio || 1;
  const size = [map.canvas.clientWidth * ratio, map.canvas.clientHeight * ratio].map(Math.round);
  const place = placeOfMap();
  const of = [layout, colours, ...size];
  if (!map.of || of.some((part, i) => part !== map.of[i])) {
    [map.canvas.width, map.canvas.height] = size;
    map.picture = pictureOfMap(place, ratio);
    map.of = of;
  }
  const onto = map.canvas.getContext("2d");
  onto.setTransform(1, 0, 0, 1, 0, 0);
  onto.clearRect(0, 0, ...size);
  onto.drawImage(map.picture, 0, 0);
  onto.setTransform(ratio, 0, 0, ratio, 0, 0);
  onto.strokeStyle = colours.accent;
  onto.lineWidth = 2;
  const {k, left, top} = place;
  const wide = (stage.clientWidth / view.k) * k;
  const high = (stage.clientHeight / view.k) * k;
  onto.strokeRect(left + view.x * k, top + view.y * k, Math.max(wide, 3), Math.max(high, 3));
}

/** A press on the map brings that part into the window. */
function listenToMap() {
  const go = event => {
    if (!(event.buttons & 1)) return;
    const box = map.canvas.getBoundingClientRect();
    const {k, left, top} = placeOfMap();
    const x = (event.clientX - box.left - left) / k - stage.clientWidth / 2 / state.view.k;
    const y = (event.clientY - box.top - top) / k - stage.clientHeight / 2 / state.view.k;
    moveTo({x, y});
  };
  map.canvas.addEventListener("pointerdown", go);
  map.canvas.addEventListener("pointermove", go);
}
