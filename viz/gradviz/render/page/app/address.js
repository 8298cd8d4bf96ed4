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
