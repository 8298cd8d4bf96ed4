// A bar on the box of each module: how much gradient its parameters get, on a logarithmic scale.

const amounts = new WeakMap(); // of each model: the norm of each group, and the scale over all

function amountsOf(model) {
  if (!amounts.has(model)) amounts.set(model, measured(model));
  return amounts.get(model);
}

function measured(model) {
  const squares = new Map();
  for (let node = 0; node < model.n; node++) {
    if (model.sort[node] !== PARAMETER || model.parameter[node] < 0) continue;
    const norm = Number(model.loss.parameters.norm[model.parameter[node]] || 0);
    if (!isAbove(norm) || norm === Infinity) continue;
    for (let at = model.parent[node]; at >= 0; at = model.parent[at]) {
      squares.set(at, (squares.get(at) || 0) + norm * norm);
    }
  }
  const logs = [...squares.values()].map(square => Math.log10(square) / 2);
  const high = Math.ceil(Math.max(...logs));
  const low = Math.min(high - 3, Math.floor(Math.min(...logs)));
  return {squares, low, high};
}

function drawAmount(thing, left, top, wide, high) {
  const {pen} = state;
  if (!SERIES) return;
  const {squares, low, high: most} = amountsOf(state.model);
  const square = squares.get(thing);
  if (!square) return;
  const share = Math.max(0.03, (Math.log10(square) / 2 - low) / (most - low));
  const full = wide - 12;
  pen.fillStyle = state.colours.frameLine;
  pen.fillRect(left + 6, top + high - 6, full, 3);
  pen.fillStyle = state.colours.accent;
  pen.fillRect(left + 6, top + high - 6, full * share, 3);
}

// Boxes, frames and what is written in them.

const glyphs = Object.fromEntries(
  Object.entries(DATA.glyphs).map(([mark, path]) => [mark, new Path2D(path)]),
);

function drawFrame(thing) {
  const {pen, model, colours, view} = state;
  const {x, y, w, h} = state.layout;
  const isOdd = model.depth[thing] % 2 === 1;
  pen.fillStyle = isOdd ? colours.frame : colours.ground;
  pen.strokeStyle = colours.frameLine;
  pen.lineWidth = Math.max(1, 0.7 / view.k);
  pen.globalAlpha = isOdd ? 0.75 : 1;
  traceRound(x[thing], y[thing], w[thing], h[thing], 8);
  pen.fill();
  pen.globalAlpha = 1;
  pen.stroke();
}

/** The title of a frame, clear of the lines that pass under it. */
function drawTitle(thing) {
  const {pen, model, colours, layout} = state;
  const {text, wide, aside, asideWide} = model.group(thing).title;
  const x = layout.x[thing] + 28;
  const y = layout.y[thing] + FIRST_LINE;
  drawSign(layout.x[thing] + 16, layout.y[thing] + 12, true);
  pen.lineWidth = 5;
  pen.lineJoin = "round";
  pen.strokeStyle = model.depth[thing] % 2 ? colours.frame : colours.ground;
  writeClear(text, x, y, wide * NAME, true);
  if (aside) writeClear(aside, x + wide * NAME, y, asideWide * NAME, false);
}

function writeClear(text, x, y, wide, isBold) {
  const {pen} = state;
  setFont(NAME, isBold);
  pen.strokeText(text, x, y, wide + 1);
  pen.fillStyle = state.colours.quiet;
  pen.fillText(text, x, y, wide + 1);
}

/** Plus or minus: what a click does. */
function drawSign(x, y, isOpen) {
  const {pen} = state;
  pen.strokeStyle = state.colours.quiet;
  pen.lineWidth = 1.4;
  pen.beginPath();
  pen.moveTo(x - 4, y);
  pen.lineTo(x + 4, y);
  if (!isOpen) {
    pen.moveTo(x, y - 4);
    pen.lineTo(x, y + 4);
  }
  pen.stroke();
}

/** The look of a thing: that of its verdict, of the loss, or of an operation. */
function lookOf(thing) {
  const {model: m, colours} = state;
  const verdict = m.verdictOf(thing);
  if (verdict >= 0) return colours.looks[WORDS[verdict]];
  return m.isLoss(thing) ? colours.looks.loss : colours.looks.op;
}

function drawBox(thing, isDim) {
  const {pen, model: m, colours, view} = state;
  const {x, y, w, h} = state.layout;
  const [left, top, wide, high] = [x[thing], y[thing], w[thing], h[thing]];
  const look = lookOf(thing);
  const isGroup = m.isGroup(thing);
  const isPlain = !isGroup && !m.isTensor(thing) && !m.isMark(thing);
  const isPruned = m.isPruned(thing);
  const corner = look.octagon ? 9 : isPlain ? 8 : isGroup ? 4 : 2;
  const trace = look.octagon ? traceOctagon : traceRound;
  const alpha = isDim ? 0.38 : 1;
  pen.globalAlpha = alpha;
  pen.lineWidth = Math.max(look.width, 0.6 / view.k);
  pen.strokeStyle = look.stroke;
  pen.fillStyle = colours.ground;
  const isMany = isGroup && m.group(thing).times > 1;
  for (const shift of isMany ? [6, 3] : []) {
    trace(left + shift, top - shift, wide, high, corner);
    pen.fill();
    pen.stroke();
  }
  trace(left, top, wide, high, corner);
  pen.fill();
  pen.fillStyle = look.fill;
  pen.globalAlpha = alpha * (isPruned ? DATA.ghost : 1);
  pen.fill();
  pen.globalAlpha = alpha;
  if (view.k > 0.25) pen.setLineDash(isPruned ? [5, 3] : look.dashes);
  pen.stroke();
  pen.setLineDash([]);
  if (look.borders === 2) {
    trace(left + 3, top + 3, wide - 6, high - 6, Math.max(corner - 2, 1));
    pen.stroke();
  }
  if (m.isPartial(thing)) drawNotch(left + wide, top);
  if (isGroup && SERIES) drawAmount(thing, left, top, wide, high);
  else if (isGroup) drawBar(m.tally(thing), left + 8, top + high - 6, wide - 16);
  if (view.k * NAME >= LEGIBLE) drawText(m.linesOf(thing), left, top, wide, isGroup);
  pen.globalAlpha = 1;
}

/** The corner of a box that says partial. */
function drawNotch(right, top) {
  const {pen} = state;
  pen.fillStyle = state.colours.looks.cut.stroke;
  pen.beginPath();
  pen.moveTo(right - NOTCH, top);
  pen.lineTo(right, top);
  pen.lineTo(right, top + NOTCH);
  pen.closePath();
  pen.fill();
}

/** How many parameters of a module have which verdict. */
function drawBar({verdicts, parameters}, left, top, wide) {
  const {pen} = state;
  if (!parameters) return;
  let from = left;
  verdicts.forEach((number, verdict) => {
    if (!number) return;
    const part = (wide * number) / parameters;
    pen.fillStyle = state.colours.looks[WORDS[verdict]].stroke;
    pen.fillRect(from, top, part, 2.5);
    from += part;
  });
}

function drawText(lines, left, top, wide, isGroup) {
  const {colours} = state;
  let y = top + FIRST_LINE;
  if (isGroup) drawSign(left + 14, top + 12, false);
  lines.forEach((line, number) => {
    const isName = number === 0;
    const font = isName ? NAME : DETAIL;
    const colour = line.isCut ? colours.looks.cut.stroke : colours.ink;
    const before = line.mark ? MARK_WIDE : 0;
    const taken = (line.wide + line.asideWide) * font + before;
    const x = left + (wide - taken) / 2 + (isGroup && isName ? 8 : 0);
    if (line.mark) drawMark(line.mark, x, y, font, colour);
    write(line.text, x + before, y, line.wide * font, font, isName, colour);
    const end = x + before + line.wide * font;
    if (line.aside) write(line.aside, end, y, line.asideWide * font, font, false, colours.ink);
    y += LINE_HIGH;
  });
}

function drawMark(mark, x, y, font, colour) {
  const {pen} = state;
  const glyph = glyphs[mark];
  if (!glyph) {
    write(mark, x, y, ADVANCE * font, font, true, state.colours.ink);
    return;
  }
  pen.save();
  pen.translate(x, y);
  pen.scale(font * 0.078, font * 0.078);
  pen.lineWidth = 1.5;
  pen.strokeStyle = colour;
  if (pen === screen) pen.stroke(glyph);
  else pen.path(DATA.glyphs[mark]);
  pen.restore();
}

function write(text, x, y, wide, font, isBold, colour) {
  const {pen} = state;
  setFont(font, isBold);
  pen.fillStyle = colour;
  pen.fillText(text, x, y, wide + 1);
}

function setFont(font, isBold) {
  const {pen} = state;
  pen.font = `${isBold ? "600 " : ""}${font}px ${state.colours.font}`;
}

function traceRound(x, y, w, h, corner) {
  const {pen} = state;
  pen.beginPath();
  pen.roundRect(x, y, w, h, corner);
}

function traceOctagon(x, y, w, h, c) {
  const {pen} = state;
  pen.beginPath();
  pen.moveTo(x + c, y);
  pen.lineTo(x + w - c, y);
  pen.lineTo(x + w, y + c);
  pen.lineTo(x + w, y + h - c);
  pen.lineTo(x + w - c, y + h);
  pen.lineTo(x + c, y + h);
  pen.lineTo(x, y + h - c);
  pen.lineTo(x, y + c);
  pen.closePath();
}

/** Rings around what the pointer is over and what is selected, or the box that stands for it. */
function drawOutlines() {
  const {model: m, hovered, selected} = state;
  if (hovered >= 0 && hovered !== m.n && m.shownOf(hovered) === hovered) {
    drawOutline(hovered, hovered === selected);
  }
  if (selected >= 0 && selected !== m.n) drawOutline(m.shownOf(selected), true);
}

function drawOutline(thing, isSelected) {
  const {pen} = state;
  const {x, y, w, h} = state.layout;
  const gap = 4;
  pen.strokeStyle = state.colours.accent;
  pen.lineWidth = (isSelected ? 2.5 : 1.5) / Math.min(state.view.k, 1);
  traceRound(x[thing] - gap, y[thing] - gap, w[thing] + 2 * gap, h[thing] + 2 * gap, 8);
  pen.stroke();
}
