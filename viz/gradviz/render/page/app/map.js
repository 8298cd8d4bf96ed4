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
  const isPart = wholeZoom() < READABLE / DETAIL && $("finder").clientHeight > ROOMY;
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
