// On paper: the report, and the whole picture as it is opened, in the colours for a light ground.

const PAGE_WIDE = 690; // pixels of a page that are sure to be printed
const PAGE_HIGH = 900;
const MOST_PAGES = 6; // of one picture, before it is made smaller to fit one
const LEAST_SHRINK = 0.75; // how much smaller a picture may be for the sake of one page

/** The scale of the picture on paper: text as large as on the screen where it fits. */
function scaleOnPaper() {
  const {layout, model: m} = state;
  const [wide, high] = [layout.w[m.n], layout.h[m.n]];
  const k = Math.min(1, PAGE_WIDE / wide);
  const onePage = PAGE_HIGH / high;
  const isNear = onePage >= LEAST_SHRINK * k;
  return isNear || high * k > MOST_PAGES * PAGE_HIGH ? Math.min(k, onePage) : k;
}

/** Where each page ends that is ``high``, in the drawing: above the boxes that it would divide. */
function endsOfPages(high) {
  const {layout, model: m} = state;
  const whole = layout.h[m.n];
  const boxes = [];
  for (let thing = 0; thing < m.n + m.g; thing++) {
    if (m.shownOf(thing) === thing && !m.isOpen(thing)) boxes.push(thing);
  }
  const ends = [];
  for (let start = 0; start + high < whole; start = ends[ends.length - 1]) {
    let end = start + high;
    const isDivided = box => layout.y[box] < end && layout.y[box] + layout.h[box] > end;
    for (let box = boxes.find(isDivided); box !== undefined; box = boxes.find(isDivided)) {
      end = layout.y[box] - layout.room.rowGap / 2;
    }
    ends.push(end > start + high / 2 ? end : start + high);
  }
  return [...ends, whole];
}

/** The whole picture, a part for each page. */
function partsOnPaper() {
  const {layout, model: m} = state;
  const k = scaleOnPaper();
  const wide = layout.w[m.n] * k;
  let y = 0;
  return endsOfPages(PAGE_HIGH / k).map(end => {
    const high = (end - y) * k;
    const text = svgOf({x: 0, y, k}, wide, high);
    const part = new DOMParser().parseFromString(text, SVG_TYPE).documentElement;
    part.setAttribute("width", wide);
    y = end;
    return part;
  });
}

/** Before printing; what the screen shows comes back afterwards. */
function printLight() {
  const root = document.documentElement;
  const {scheme} = root.dataset;
  const {selected, cut, route} = state;
  const {panel} = document.body.dataset;
  root.dataset.scheme = "light";
  readColours();
  select(-1);
  $("paper").replaceChildren($("legend"), ...partsOnPaper());
  const restore = () => {
    if (scheme) root.dataset.scheme = scheme;
    else delete root.dataset.scheme;
    $("under").prepend($("legend"));
    $("paper").replaceChildren();
    select(selected, {cut});
    if (route) showRoute(route.node);
    showPanel(panel);
    recolour();
  };
  addEventListener("afterprint", restore, {once: true});
}
