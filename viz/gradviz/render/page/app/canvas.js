// The canvas: what is in sight, and the lines between boxes.

const canvas = $("graph");
const stage = $("stage");
const screen = canvas.getContext("2d");
const STEM = 9; // below the end of a line, an arrow and a bit
state.pen = screen;

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const get = name => style.getPropertyValue("--" + name).trim();
  const look = name => ({
    ...DATA.looks[name],
    fill: get(name + "-fill"),
    stroke: get(name + "-stroke"),
  });
  state.colours = {
    ground: get("ground"),
    ink: get("ink"),
    quiet: get("quiet"),
    frame: get("frame"),
    frameLine: get("frame-line"),
    accent: get("accent"),
    font: get("mono"),
    looks: Object.fromEntries(Object.keys(DATA.looks).map(name => [name, look(name)])),
    lines: DATA.strokes.map(stroke => get("line-" + stroke.name)),
  };
}

function draw() {
  if (!state.frame) state.frame = requestAnimationFrame(paint);
}

function paint() {
  const {pen, layout, model: m, view, route, selected} = state;
  const isScreen = pen === screen;
  if (isScreen) {
    state.frame = 0;
    clear();
  }
  const sight = sightOf(isScreen ? stage : pen);
  const {boxes, frames} = inSight(sight);
  const {byStroke, bold} = edgesInSight([m.n, ...frames], sight);
  const fade = route ? 0.3 : selected >= 0 ? 0.55 : 1;
  const isDim = box => (route ? !route.boxes.has(box) : m.isFaint(box));
  for (const frame of frames) drawFrame(frame);
  byStroke.forEach((edges, stroke) => drawEdges(edges, stroke, 1, fade));
  if (view.k * NAME >= LEGIBLE) for (const frame of frames) drawTitle(frame);
  for (const box of boxes) drawBox(box, isDim(box));
  bold.forEach((edges, stroke) => drawEdges(edges, stroke, 2, 1));
  if (!isScreen) return;
  drawOutlines();
  drawCrumbs();
  drawMap();
  if (!stage.dataset.boxes) performance.mark("drawn"); // once: a mark for each frame would pile up
  if (stage.dataset.boxes !== `${layout.boxes}`) stage.dataset.boxes = layout.boxes;
}

/** The part of the drawing that is in the window, or in the file. */
function sightOf({clientWidth: wide, clientHeight: high}) {
  const {view} = state;
  const right = view.x + wide / view.k;
  const bottom = view.y + high / view.k;
  return {left: view.x, top: view.y, right, bottom};
}

/** Clear the canvas and set its scale. */
function clear() {
  const {pen, view} = state;
  const ratio = devicePixelRatio || 1;
  const {clientWidth: wide, clientHeight: high} = stage;
  const [across, down] = [Math.round(wide * ratio), Math.round(high * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const scale = view.k * ratio;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.setTransform(scale, 0, 0, scale, -view.x * scale, -view.y * scale);
}

/** The open group is large enough that what is in it can be seen. */
function isSpread(thing) {
  const {model, layout, view} = state;
  const size = Math.max(layout.h[thing], layout.w[thing]);
  return model.isOpen(thing) && size * view.k > SMALLEST;
}

/** The boxes and frames to draw: what is too small to read is one box. */
function inSight({left, top, right, bottom}) {
  const {model: m} = state;
  const {x, y, w, h} = state.layout;
  const isInSight = thing => {
    const isAcross = x[thing] < right && x[thing] + w[thing] > left;
    return isAcross && y[thing] < bottom && y[thing] + h[thing] > top;
  };
  const boxes = [];
  const frames = [];
  const waiting = [m.n];
  while (waiting.length) {
    const group = waiting.pop();
    if (group !== m.n) frames.push(group);
    for (const child of m.children[group - m.n]) {
      if (!isInSight(child)) continue;
      (isSpread(child) ? waiting : boxes).push(child);
    }
  }
  return {boxes, frames};
}

/** The lines of some groups that are in sight, by stroke; those to bring out apart. */
function edgesInSight(groups, sight) {
  const {layout, model: m} = state;
  const byStroke = DATA.strokes.map(() => []);
  const bold = DATA.strokes.map(() => []);
  for (const group of groups) {
    for (const edge of layout.levels[group - m.n].edges) {
      if (touches(edge, sight)) (isBold(edge) ? bold : byStroke)[edge.stroke].push(edge);
    }
  }
  return {byStroke, bold};
}

/** The line reaches the window. */
function touches(edge, sight) {
  if (!edge.bounds) edge.bounds = boundsOf(state.layout.points(edge));
  const [left, top, right, bottom] = edge.bounds;
  return left <= sight.right && right >= sight.left && top <= sight.bottom && bottom >= sight.top;
}

function boundsOf(points) {
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    bounds[0] = Math.min(bounds[0], points[i]);
    bounds[1] = Math.min(bounds[1], points[i + 1]);
    bounds[2] = Math.max(bounds[2], points[i]);
    bounds[3] = Math.max(bounds[3], points[i + 1]);
  }
  return bounds;
}

function isBold({from, to}) {
  const {route, selected, near, model} = state;
  if (route) return route.edges.has(model.edgeKey(from, to));
  return selected >= 0 && (from === near.box || to === near.box);
}

function drawEdges(edges, stroke, weight, alpha) {
  if (!edges.length) return;
  const {pen, view, colours} = state;
  const {dashes, width: thick} = DATA.strokes[stroke];
  const isClose = view.k > 0.3;
  pen.globalAlpha = alpha;
  pen.strokeStyle = pen.fillStyle = colours.lines[stroke];
  pen.lineWidth = Math.max(thick * weight, 0.7 / view.k);
  pen.setLineDash(isClose ? dashes : []);
  pen.beginPath();
  for (const edge of edges) traceEdge(edge);
  pen.stroke();
  pen.setLineDash([]);
  if (isClose) {
    pen.beginPath();
    for (const edge of edges) traceEnd(edge, stroke);
    if (stroke === STROKE.zero) pen.stroke();
    else pen.fill();
  }
  pen.globalAlpha = 1;
}

function traceEdge(edge) {
  const {pen} = state;
  const p = state.layout.points(edge);
  pen.moveTo(p[0], p[1]);
  for (let i = 2; i < p.length; i += 2) {
    const [x0, y0, x1, y1] = [p[i - 2], p[i - 1], p[i], p[i + 1]];
    const [acrossMiddle, downMiddle] = [(x0 + x1) / 2, (y0 + y1) / 2];
    if (edge.flat) pen.bezierCurveTo(acrossMiddle, y0, acrossMiddle, y1, x1, y1);
    else if (Math.abs(x1 - x0) < 0.5 || y1 - y0 < 1) pen.lineTo(x1, y1);
    else traceTurn(x0, Math.max(y0, Math.min(p[1] + STEM, downMiddle)), x1, y1);
  }
}

/** A turn to another column; the arrow at the end of the line stands on a straight stem. */
function traceTurn(x0, y0, x1, y1) {
  const {pen} = state;
  const middle = (y0 + y1) / 2;
  pen.lineTo(x0, y0);
  pen.bezierCurveTo(x0, middle, x1, middle, x1, y1);
}

/** The end of a line: an arrow where gradient arrives, hollow for zeros; a bar where it stops. */
function traceEnd({points: [x, y], flat}, stroke) {
  const {pen} = state;
  if (isAlive(stroke)) traceArrow(x, y, flat);
  else if (stroke === STROKE.severed && flat) pen.rect(x + 3 * flat - 1, y - 5, 2.2, 10);
  else if (stroke === STROKE.severed) pen.rect(x - 5, y + 2, 10, 2.2);
}

function traceArrow(x, y, flat) {
  const {pen} = state;
  pen.moveTo(x, y);
  if (flat) {
    pen.lineTo(x + 8 * flat, y - 3.2);
    pen.lineTo(x + 8 * flat, y + 3.2);
  } else {
    pen.lineTo(x - 3.2, y + 8);
    pen.lineTo(x + 3.2, y + 8);
  }
  pen.closePath();
}
