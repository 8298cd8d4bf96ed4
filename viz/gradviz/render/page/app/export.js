// The view as a file.

const SVG_TYPE = "image/svg+xml";

const escaped = text => text.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);
const rounded = number => Number(number.toFixed(2));

/** Draws with the calls of a canvas, and writes SVG. */
class SvgPen {
  constructor(wide, high) {
    Object.assign(this, {clientWidth: wide, clientHeight: high});
    Object.assign(this, {globalAlpha: 1, lineWidth: 1, strokeStyle: "#000", fillStyle: "#000"});
    Object.assign(this, {font: "", dashes: [], parts: [], steps: [], ends: []});
  }

  step(letter, ...numbers) {
    this.steps.push(letter + numbers.map(rounded).join(" "));
  }

  beginPath() {
    this.steps = [];
  }

  closePath() {
    this.steps.push("Z");
  }

  moveTo(x, y) {
    this.step("M", x, y);
  }

  lineTo(x, y) {
    this.step("L", x, y);
  }

  bezierCurveTo(...numbers) {
    this.step("C", ...numbers);
  }

  rect(x, y, wide, high) {
    this.step("M", x, y);
    this.steps.push(`h${rounded(wide)}v${rounded(high)}h${rounded(-wide)}Z`);
  }

  roundRect(x, y, wide, high, corner) {
    const turn = (across, down) => `a${corner} ${corner} 0 0 1 ${across} ${down}`;
    const [w, h] = [rounded(wide - 2 * corner), rounded(high - 2 * corner)];
    this.step("M", x + corner, y);
    this.steps.push(`h${w}${turn(corner, corner)}v${h}${turn(-corner, corner)}`);
    this.steps.push(`h${-w}${turn(-corner, -corner)}v${-h}${turn(corner, -corner)}Z`);
  }

  setLineDash(dashes) {
    this.dashes = dashes;
  }

  save() {
    this.ends.push("");
  }

  translate(x, y) {
    this.open(`translate(${rounded(x)} ${rounded(y)})`);
  }

  scale(x) {
    this.open(`scale(${x.toFixed(4)})`);
  }

  open(transform) {
    this.parts.push(`<g transform="${transform}">`);
    this.ends[this.ends.length - 1] += "</g>";
  }

  restore() {
    this.parts.push(this.ends.pop());
  }

  look(isStroke) {
    const alpha = this.globalAlpha < 1 ? ` opacity="${rounded(this.globalAlpha)}"` : "";
    if (!isStroke) return ` fill="${this.fillStyle}"${alpha}`;
    const dashes = this.dashes.length ? ` stroke-dasharray="${this.dashes.join(" ")}"` : "";
    const line = ` stroke="${this.strokeStyle}" stroke-width="${rounded(this.lineWidth)}"`;
    return ` fill="none"${line}${dashes}${alpha}`;
  }

  stroke() {
    this.path(this.steps.join(""));
  }

  path(d) {
    if (d) this.parts.push(`<path d="${d}"${this.look(true)}/>`);
  }

  fill() {
    if (this.steps.length) this.parts.push(`<path d="${this.steps.join("")}"${this.look(false)}/>`);
  }

  fillRect(x, y, wide, high) {
    this.rect(x, y, wide, high);
    const d = this.steps.splice(-2).join("");
    this.parts.push(`<path d="${d}"${this.look(false)}/>`);
  }

  strokeText(text, x, y) {
    this.write(text, x, y, this.look(true));
  }

  fillText(text, x, y) {
    this.write(text, x, y, this.look(false));
  }

  write(text, x, y, look) {
    const weight = this.font.startsWith("600") ? ` font-weight="600"` : "";
    const size = parseFloat(this.font.replace("600 ", ""));
    const style = `${weight} font-size="${size}" x="${rounded(x)}" y="${rounded(y)}"`;
    this.parts.push(`<text${style}${look}>${escaped(text)}</text>`);
  }
}

/** A part of the drawing as SVG, as a window of this size would show it. */
function svgOf(view, wide, high) {
  const {colours, view: before} = state;
  const pen = new SvgPen(wide, high);
  Object.assign(state, {pen, view});
  try {
    paint();
    const box = [view.x, view.y, wide / view.k, high / view.k].map(rounded).join(" ");
    const font = escaped(colours.font);
    const [x, y] = [rounded(view.x), rounded(view.y)];
    const ground = `<rect x="${x}" y="${y}" width="100%" height="100%" fill="${colours.ground}"/>`;
    const head = `<svg xmlns="${SVG}" viewBox="${box}" font-family="${font}" role="img">`;
    const title = `<title>${escaped($("headline").textContent)}</title>`;
    return `${head}${title}${ground}${pen.parts.join("")}</svg>\n`;
  } finally {
    Object.assign(state, {pen: screen, view: before});
  }
}

function saveSvg() {
  const text = svgOf(state.view, stage.clientWidth, stage.clientHeight);
  save(new Blob([text], {type: SVG_TYPE}), "svg");
}

/** The window as it is on the screen, on the ground of the page. */
function savePng() {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const onto = copy.getContext("2d");
  onto.fillStyle = state.colours.ground;
  onto.fillRect(0, 0, copy.width, copy.height);
  onto.drawImage(canvas, 0, 0);
  copy.toBlob(blob => save(blob, "png"));
}

function save(blob, ending) {
  const href = URL.createObjectURL(blob);
  const name = state.model.loss.name.replace(/[^\w.-]+/g, "-") || "graph";
  h("a", {href, download: `gradviz-${name}.${ending}`}).click();
  setTimeout(() => URL.revokeObjectURL(href), 10000);
  say(`Saved this view as ${ending.toUpperCase()}`);
}
