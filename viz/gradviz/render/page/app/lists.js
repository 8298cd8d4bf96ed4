// Cuts, filters, lines, tabs.

const MOST_CUTS = 200;

function drawCuts() {
  const {cuts} = state.model.loss;
  const section = $("cuts");
  section.hidden = !cuts.length;
  section.querySelector("h2").textContent = `Cuts (${grouped(cuts.length)})`;
  section.querySelector("ol").replaceChildren(...shortened(cuts.map(entryOfCut), "", MOST_CUTS));
}

function entryOfCut(cut, number) {
  const {model: m} = state;
  const place = m.place(cut.at);
  const mark = m.markOf(number);
  const thing = mark >= 0 ? mark : m.nodeOfParameter(cut.parameters[0]);
  const severs =
    number === m.without
      ? "taken for no cut"
      : `${cut.library ? "inside torch, " : ""}${cut.severs}`;
  const more = [place && place.at, severs].filter(Boolean).join(" · ");
  return h(
    "li",
    {},
    entry(swatch("cut", DATA.looks.cut.mark), cut.operation, more, {
      "aria-current": isCurrent(number, mark) ? "true" : null,
      onclick: () => select(thing, {isShown: true, cut: number}),
    }),
  );
}

function isCurrent(number, mark) {
  const {selected, cut} = state;
  return cut >= 0 ? cut === number : selected >= 0 && mark === selected;
}

function drawFilters() {
  const {model: m} = state;
  const {verdicts} = m.tally(m.n);
  const chips = DATA.verdicts.map(({word, name, meaning, mark}, verdict) => {
    const properties = {
      type: "button",
      class: "chip",
      "aria-pressed": flag(!m.isHidden[verdict]),
      title: `${meaning}; click to show or hide`,
      onclick: () => filter(verdict),
    };
    return h("button", properties, swatch(word, mark), `${name} ${grouped(verdicts[verdict])}`);
  });
  $("filters").replaceChildren(...chips.filter((_, verdict) => verdicts[verdict]));
}

/** Show or hide everything of a verdict. */
function filter(verdict) {
  state.model.isHidden[verdict] ^= 1;
  const focus = [...$("filters").children].indexOf(document.activeElement);
  drawFilters();
  if (focus >= 0) $("filters").children[focus].focus();
  state.rows = null;
  drawTree();
  draw();
  remember();
}

function drawLegend() {
  const present = new Set(state.model.strokes);
  const sample = ({name, meaning}) => h("span", {}, h("i", {class: name}), meaning);
  const lines = DATA.strokes.map(sample).filter((_, stroke) => present.has(stroke));
  const hasPartial = state.model.isPartial(state.model.n);
  const partial = hasPartial ? [sample({name: "partial", meaning: DATA.partial})] : [];
  $("legend").replaceChildren(...partial, ...lines);
}

/** The loss as the report has it, also while one of its cuts is taken for none. */
const lossShown = () => (state.model.actual ?? state.model).loss;

function drawTabs() {
  const {losses} = DATA;
  const go = number => {
    showLoss(number);
    $(`tab-${number}`).focus();
  };
  const tabs = losses.map((loss, number) => {
    const isShown = lossShown() === loss;
    const properties = {
      type: "button",
      role: "tab",
      id: `tab-${number}`,
      "aria-controls": "main",
      "aria-selected": flag(isShown),
      tabindex: isShown ? "0" : "-1",
      onclick: () => go(number),
      onkeydown: event => {
        const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
        if (!step) return;
        go((number + step + losses.length) % losses.length);
        event.preventDefault();
      },
    };
    return h("button", properties, loss.name, loss.failed ? h("b", {}, " raised") : []);
  });
  $("tabs").hidden = losses.length < 2;
  $("tabs").replaceChildren(...tabs);
  tabs[losses.indexOf(lossShown())].scrollIntoView({block: "nearest", inline: "nearest"});
}

function showPanel(name) {
  document.body.dataset.panel = name;
  for (const button of $("switch").children) {
    button.setAttribute("aria-pressed", flag(button.dataset.panel === name));
  }
  if (name === "finder" && state.layout) drawTree();
}
