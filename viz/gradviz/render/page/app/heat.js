// The pictures over time, on a canvas of their own above the graph: a heat map of blocks by
// calls, below it the lines of all blocks with the chosen one brought out, and the bars of a call.

const EDGE = 14;
const LABEL = 11; // size of the font

const flow = $("flow");
const brush = flow.getContext("2d");

function drawSeries() {
  if (!SERIES || $("time").hidden) return;
  const ratio = devicePixelRatio || 1;
  const {clientWidth: wide, clientHeight: high} = flow;
  flow.width = Math.round(wide * ratio);
  flow.height = Math.round(high * ratio);
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, wide, high);
  const names = Math.min(wide * 0.26, 30 + longestName() * LABEL * ADVANCE);
  const rows = SERIES.blocks.length;
  const row = Math.max(3, Math.min(18, (high * 0.58 - 30) / rows));
  const heat = {x: names, y: 26, w: wide - names - EDGE, h: row * rows, row};
  const below = heat.y + heat.h + 34;
  const half = (wide - names - EDGE) * 0.5;
  state.parts = {
    heat,
    lines: {x: names, y: below, w: half - 24, h: high - below - 26},
    bars: {x: names + half + 24, y: below, w: half - 24, h: high - below - 26},
  };
  const colours = seriesColours();
  drawHeat(heat, colours);
  drawLines(state.parts.lines);
  drawBars(state.parts.bars, colours);
  $("chosen").textContent = textOfChosen();
}

const longestName = () => Math.max(...SERIES.blocks.map(block => block.name.length));

function label(text, x, y, {align = "left", isBold = false, colour = ""} = {}) {
  brush.font = `${isBold ? "600 " : ""}${LABEL}px ${state.colours.font}`;
  brush.textAlign = align;
  brush.fillStyle = colour || state.colours.quiet;
  brush.fillText(text, x, y);
}

function drawHeat({x, y, w, row}, colours) {
  const {calls, blocks} = SERIES;
  const cell = w / calls.length;
  label("call", x - 8, y - 8, {align: "right"});
  label(grouped(calls[0]), x, y - 8);
  if (calls.length > 1) label(grouped(calls[calls.length - 1]), x + w, y - 8, {align: "right"});
  drawScale(x + w / 2, y - 17, colours);
  const every = Math.max(1, Math.ceil((LABEL + 2) / row));
  blocks.forEach((block, number) => {
    const top = y + number * row;
    const isChosen = number === chosen.block;
    if (number % every === 0 || isChosen) {
      const colour = isChosen ? state.colours.ink : state.colours.quiet;
      const text = block.name.slice(-Math.floor((x - 14) / (LABEL * ADVANCE)));
      label(text, x - 8, top + row / 2 + 4, {align: "right", isBold: isChosen, colour});
    }
    block[chosen.column].forEach((value, call) => {
      drawCell(value, x + call * cell, top, cell, row, colours);
    });
  });
  brush.strokeStyle = state.colours.accent;
  brush.lineWidth = 2;
  brush.strokeRect(x + chosen.call * cell, y - 1, Math.max(cell, 2), row * blocks.length + 2);
  brush.strokeRect(x - 1, y + chosen.block * row, w + 2, row);
}

/** A cell: the step of its number; zero and what is not finite have a mark beside their colour. */
function drawCell(value, x, y, wide, high, colours) {
  if (value === null) return;
  const isZero = value === 0;
  if (isAbove(value)) {
    const step = Math.min(STEPS - 1, Math.floor(shareOf(value, chosen.column) * STEPS));
    brush.fillStyle = colours.steps[step];
  } else brush.fillStyle = isZero ? colours.zero : colours.wild;
  brush.fillRect(x, y, wide + 0.5, high - 0.5);
  if (isAbove(value) || high < 9 || wide < 7) return;
  const look = {align: "center", colour: state.colours.ink};
  label(isZero ? "0" : "!", x + wide / 2, y + high / 2 + 4, look);
}

function drawScale(x, y, colours) {
  const [low, high] = SERIES.scales[chosen.column];
  colours.steps.forEach((colour, step) => {
    brush.fillStyle = colour;
    brush.fillRect(x + (step - STEPS / 2) * 14, y, 14, 9);
  });
  label(`1e${low}`, x - STEPS * 7 - 6, y + 9, {align: "right"});
  label(`1e${high}`, x + STEPS * 7 + 6, y + 9);
}

/** The axes of a picture: the powers of ten at its left edge. */
function drawDecades({x, y, w, h}) {
  const [low, high] = SERIES.scales[chosen.column];
  const every = Math.max(1, Math.ceil((high - low) / Math.max(1, h / 24)));
  for (let power = low; power <= high; power += every) {
    const at = y + h - (h * (power - low)) / (high - low);
    brush.fillStyle = state.colours.frameLine;
    brush.fillRect(x, at, w, 0.5);
    label(`1e${power}`, x - 6, at + 4, {align: "right"});
  }
}

function drawLines(box) {
  if (box.h < 40) return;
  const {x, y, w, h} = box;
  drawDecades(box);
  const last = Math.max(1, SERIES.calls.length - 1);
  const trace = block => {
    brush.beginPath();
    let isDown = false;
    block[chosen.column].forEach((value, call) => {
      if (!isAbove(value)) {
        isDown = false;
        return;
      }
      const point = [x + (w * call) / last, y + h - h * shareOf(value, chosen.column)];
      if (isDown) brush.lineTo(...point);
      else brush.moveTo(...point);
      isDown = true;
    });
    brush.stroke();
  };
  brush.lineWidth = 1;
  brush.strokeStyle = state.colours.frameLine;
  for (const block of SERIES.blocks) trace(block);
  brush.lineWidth = 2.2;
  brush.strokeStyle = state.colours.accent;
  trace(SERIES.blocks[chosen.block]);
  brush.fillStyle = state.colours.accent;
  brush.fillRect(x + (w * chosen.call) / last, y, 1, h);
  label(`${SERIES.blocks[chosen.block].name}, all others pale`, x, y + h + 18);
}

function drawBars(box, colours) {
  if (box.h < 40) return;
  const {x, y, w, h} = box;
  drawDecades(box);
  const wide = w / SERIES.blocks.length;
  SERIES.blocks.forEach((block, number) => {
    const value = block[chosen.column][chosen.call];
    const isChosen = number === chosen.block;
    if (isAbove(value)) {
      const tall = Math.max(2, h * shareOf(value, chosen.column));
      brush.fillStyle = isChosen ? state.colours.accent : colours.steps[5];
      brush.fillRect(x + number * wide + 0.5, y + h - tall, Math.max(1, wide - 1), tall);
    } else if (value !== null && wide > 6) {
      label(value === 0 ? "0" : "!", x + (number + 0.5) * wide, y + h - 3, {align: "center"});
    }
  });
  label(`call ${grouped(SERIES.calls[chosen.call])}, block by block`, x, y + h + 18);
}

/** Choose the block and the call under a point of the picture. */
function chooseAt(x, y) {
  const {heat, lines, bars} = state.parts;
  const {calls, blocks} = SERIES;
  const kept = (at, count) => Math.min(count - 1, Math.max(0, Math.floor(at)));
  const within = (box, at, count) => kept(((at - box.x) / box.w) * count, count);
  if (y < heat.y + heat.h + 8) {
    chosen.block = kept((y - heat.y) / heat.row, blocks.length);
    if (x >= heat.x) chosen.call = within(heat, x, calls.length);
  } else if (x < bars.x - 12) chosen.call = within(lines, x, calls.length);
  else chosen.block = within(bars, x, blocks.length);
  drawSeries();
}

function moveChosen(event) {
  const moves = {
    ArrowUp: ["block", -1],
    ArrowDown: ["block", 1],
    ArrowLeft: ["call", -1],
    ArrowRight: ["call", 1],
  };
  const [what, by] = moves[event.key] || [];
  if (!what) return;
  event.preventDefault();
  event.stopPropagation();
  const most = (what === "block" ? SERIES.blocks : SERIES.calls).length - 1;
  chosen[what] = Math.min(most, Math.max(0, chosen[what] + by));
  drawSeries();
}

function showSeries(isShown) {
  $("time").hidden = !isShown;
  $("over-time").setAttribute("aria-pressed", flag(isShown));
  drawSeries();
  if (isShown) flow.focus({preventScroll: true});
}

function listenToSeries() {
  if (!SERIES) return;
  $("over-time").hidden = false;
  $("over-time").addEventListener("click", () => showSeries($("time").hidden));
  $("column").addEventListener("change", event => {
    chosen.column = event.target.value;
    drawSeries();
  });
  for (const option of $("column").options) option.disabled = !SERIES.scales[option.value];
  flow.addEventListener("pointerdown", event => chooseAt(event.offsetX, event.offsetY));
  flow.addEventListener("pointermove", event => {
    if (event.buttons) chooseAt(event.offsetX, event.offsetY);
  });
  flow.addEventListener("keydown", moveChosen);
  new ResizeObserver(drawSeries).observe(flow);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", () => setTimeout(drawSeries));
}
