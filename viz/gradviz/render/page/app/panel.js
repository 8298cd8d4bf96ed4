// The panel: what is known of the thing that is selected.

function drawPanel() {
  const {model, selected} = state;
  const panel = $("panel");
  const elements =
    selected < 0
      ? panelOfLoss()
      : model.isGroup(selected)
        ? panelOfGroup(selected)
        : panelOfNode(selected);
  panel.replaceChildren(...elements.flat(Infinity).filter(Boolean));
  panel.scrollTop = 0;
}

const numberOf = (number, noun) => (number ? counted(number, noun) : "");

function panelOfLoss() {
  const {model: m} = state;
  const {loss} = m;
  const {verdicts} = m.tally(m.n);
  const steps = DATA.notes.map(note => h("p", {class: note.alarm && "break"}, note.text));
  const counts = DATA.verdicts.map(({name, meaning}, verdict) => {
    const number = verdicts[verdict];
    return [name, number ? `${counted(number, "parameter")}: ${meaning}` : ""];
  });
  return [
    h("h2", {class: DATA.losses.length < 2 && "only"}, loss.name),
    $("training") || DATA.losses.length > 1 ? h("p", {}, loss.headline) : [],
    partOfWithout(),
    m.actual ? [] : [culprit(), patchesOfLoss()],
    steps.length && !$("training")?.open ? [h("h3", {}, "What steps"), steps] : [],
    verdictBar(m.n),
    facts(counts),
    placeOf(loss.made, {title: `${loss.began} at`}),
    loss.notes.map(note => h("p", {}, note)),
    h(
      "p",
      {class: "kind"},
      "Click a module to open it, its title to close it. ",
      "Select anything to see why gradient reaches it, or does not.",
    ),
    glossary(),
    editorSetting(),
    h("p", {class: "kind made"}, madeBy()),
  ];
}

/** What the words of the page mean, for who meets them for the first time. */
function glossary() {
  const verdicts = DATA.verdicts.map(({name, meaning}) => [name, meaning]);
  const words = [...verdicts, DATA.partial.split(": "), ...DATA.words];
  const title = h("summary", {class: "kind"}, "What the words mean");
  const more = "All words, with the kinds of cut: docs/reference/words.md in gradviz's sources.";
  return h("details", {}, title, facts(words), h("p", {}, more));
}

/** The first cut that leaves parameters without any route, with its line and what fixes it. */
function culprit() {
  const {model: m} = state;
  const cut = culpritOf(m);
  const number = m.loss.cuts.indexOf(cut);
  if (!cut) return [];
  const isAbove = Boolean($("training")?.open && $("training").textContent.includes(cut.mend));
  const title = cut.raised ? cut.operation : `Cut by ${cut.operation}`;
  return [h("h3", {}, title), textOfCut(number, isAbove)];
}

function culpritOf(m) {
  const {parameters, cuts} = m.loss;
  const isCut = parameter => parameters.verdict[parameter] === CUT;
  return cuts.find(cut => cut.parameters.some(isCut));
}

/** How many parameters have which verdict, as a bar. */
function verdictBar(group) {
  const {verdicts, parameters} = state.model.tally(group);
  if (!parameters) return "";
  const bar = h("div", {class: "bar", "aria-hidden": "true"});
  verdicts.forEach((number, verdict) => {
    if (!number) return;
    const part = h("i", {class: WORDS[verdict]});
    part.style.flexGrow = number;
    bar.append(part);
  });
  return bar;
}

function panelOfGroup(thing) {
  const {model: m} = state;
  const {sort, name, path, times, kind, local, tally} = m.group(thing);
  const isModule = sort === "module";
  const what = {
    module: kind || "module",
    run: `the same ${grouped(times)} times${kind ? `: ${kind}` : ""}`,
    part: /^\d/.test(name) ? "a part of what is long" : "runs outside of every module",
  }[sort];
  const partial = numberOf(tally.partial, "parameter");
  const switchOpen = () => {
    toggle(thing);
    drawPanel();
  };
  const {sources, targets} = outsideOf(thing);
  return [
    h("h2", {}, isModule ? path || name : local),
    h("p", {class: "kind"}, what, !isModule && path ? `, in ${path}` : ""),
    verdictBar(thing),
    facts([
      ...DATA.verdicts.map(({name}, verdict) =>
        [name, numberOf(tally.verdicts[verdict], "parameter")]),
      ["partial", partial && `${partial}: another route is cut`],
      ["values", tally.parameters ? grouped(tally.elements) : ""],
      ["operations", tally.operations ? grouped(tally.operations) : ""],
      ["cuts", tally.marks ? grouped(tally.marks) : ""],
    ]),
    action(m.isOpen(thing) ? "Close" : "Open", switchOpen),
    listOf("Upstream", sources),
    listOf("Downstream, towards the loss", targets),
  ];
}

/** What stands at the other end of the lines that cross the edge of a group. */
function outsideOf(thing) {
  const {model: m} = state;
  const isInside = node => {
    for (let at = m.parent[node]; at >= 0; at = m.parent[at]) if (at === thing) return true;
    return false;
  };
  const sources = [];
  const targets = [];
  for (let line = 0; line < m.sources.length; line++) {
    const from = isInside(m.sources[line]);
    const to = isInside(m.targets[line]);
    if (from && !to) targets.push(m.targets[line]);
    if (to && !from) sources.push(m.sources[line]);
  }
  return {sources, targets};
}

function panelOfNode(node) {
  const {model: m} = state;
  const isTensor = m.isTensor(node);
  const isMark = m.isMark(node);
  const about = isMark ? aboutMark(node) : isTensor ? aboutTensor(node) : aboutOperation(node);
  const isShared = [PARAMETER, STUB].includes(m.sort[node]);
  const upstream = m.reach(node, m.before, m.sources);
  const downstream = m.reach(node, m.after, m.targets);
  const total = `In all ${counted(upstream, "node")} upstream, ${grouped(downstream)} downstream.`;
  return [
    h("h2", {}, m.name(node) || '""'),
    about,
    isMark ? [] : placeOf(m.at[node], {title: isTensor ? "First used" : "Source"}),
    isMark ? [] : placeOf(m.caller[node], {title: "Called at"}),
    listOf("Upstream", Array.from(m.before(node), line => m.sources[line])),
    listOf("Downstream, towards the loss", Array.from(m.after(node), line => m.targets[line])),
    listOf("Also drawn", isShared ? m.usesOf(node) : []),
    upstream + downstream ? h("p", {class: "kind"}, total) : [],
  ];
}

function aboutMark(node) {
  const {model: m} = state;
  const cuts = state.cut >= 0 ? [state.cut] : m.loss.marks[node] || [];
  const nothing = [
    h("p", {}, "No parameter that requires grad lies behind it."),
    placeOf(m.at[node], {isBroken: true}),
  ];
  return [
    h("p", {class: "verdict"}, swatch("cut", DATA.looks.cut.mark), "cut"),
    cuts.length ? cuts.map(number => [textOfCut(number), parametersBehind(number)]) : nothing,
  ];
}

function parametersBehind(number) {
  const {model: m} = state;
  const nodes = m.loss.cuts[number].parameters.map(parameter => m.nodeOfParameter(parameter));
  const drawn = nodes.filter(node => node >= 0);
  return listOf("Parameters behind it", gathered(drawn), drawn.length);
}

/** A module in place of its parameters, wherever all of them are there. */
function gathered(nodes) {
  const {model: m} = state;
  const within = new Map();
  for (const node of nodes) {
    for (let at = m.parent[node]; at >= 0; at = m.parent[at]) {
      within.set(at, (within.get(at) || 0) + 1);
    }
  }
  const isWhole = group => group !== m.n && within.get(group) === m.tally(group).parameters;
  const outermost = node => {
    let whole = node;
    for (let at = m.parent[node]; at >= 0; at = m.parent[at]) if (isWhole(at)) whole = at;
    return whole;
  };
  return nodes.map(outermost);
}

function aboutTensor(node) {
  const {model: m, route} = state;
  const {word, name, mark} = DATA.verdicts[m.verdict[node]];
  const number = m.parameter[node];
  const columns = m.loss.parameters;
  const isOn = route !== null && route.node === node;
  const label = isOn ? "Hide the route" : "Show the route";
  const properties = {id: "route", "aria-pressed": flag(isOn)};
  const shown = [action(label, () => showRoute(node), properties), isOn ? textOfRoute() : []];
  const shape = m.shape[node] < 0 ? "" : m.strings[m.shape[node]];
  const fate = partial => h("p", {class: "verdict"}, swatch(word, mark), name + partial);
  if (number < 0) {
    const reason = "A tensor outside the model that requires grad.";
    return [fate(""), h("p", {}, reason), facts([["shape", shape]]), shown];
  }
  const norm = columns.norm[number];
  const optimized = columns.optimized[number];
  const unmeasured = word === "reached" ? "not measured" : "none arrives";
  return [
    fate(columns.partial[number] ? ", partial" : ""),
    h("p", {}, m.strings[columns.reason[number]]),
    facts([
      ["shape", shape],
      ["values", grouped(columns.numel[number])],
      ["gradient", norm === null ? unmeasured : `L2 norm ${norm}`],
      ["optimizer", optimized === null ? "" : optimized ? "held by one" : "in none"],
      ["also called", columns.also[number].join(", ")],
    ]),
    shown,
    placeOf(columns.switched[number], {title: word === "frozen" ? "Frozen at" : "Thawed at"}),
    columns.cuts[number].map(severedBy),
  ];
}

/** A cut, told of a parameter that it severs. */
function severedBy(number) {
  const {model: m} = state;
  const mark = m.markOf(number);
  return [
    h("h3", {}, "Cut by"),
    h("p", {class: "at"}, m.loss.cuts[number].operation),
    textOfCut(number),
    mark < 0 ? [] : action("Show the cut", () => select(mark, {isShown: true})),
  ];
}

function aboutOperation(node) {
  const {model: m} = state;
  if (m.isLoss(node)) {
    return [h("p", {class: "kind"}, "the loss: backward() starts here"), placeOf(m.loss.made)];
  }
  const scope = m.strings[m.scope[node]];
  const pruned = m.pruned[node] === 1 ? ", cut off" : "";
  return [h("p", {class: "kind"}, `operation${scope ? ` in ${scope}` : ""}${pruned}`)];
}

const meant = () =>
  h("p", {}, "Other backward calls train all parameters behind it, so this cut may well be meant.");

const fixOf = cut => h("p", {class: "fix"}, h("strong", {}, "Fix: "), cut.mend);

/** A cut, its line and what fixes it; the line alone where the rest stands above the picture. */
function textOfCut(number, isAbove = false) {
  const cut = state.model.loss.cuts[number];
  const also = cut.also.map(place => placeOf(place, {isBroken: true}));
  return [
    placeOf(cut.at, {isBroken: true, near: isAbove ? [] : cut.near}),
    placeOf(cut.caller, {title: "Called at"}),
    !isAbove &&
      h("div", {class: "told"}, h("p", {}, cut.meaning), cut.elsewhere ? meant() : fixOf(cut)),
    cut.patches.map(patch),
    switchWithout(number),
    also.length ? [h("h3", {}, "The same route is cut again at"), also] : [],
  ];
}

function textOfRoute() {
  const {route} = state;
  if (!route.lines.length) {
    const none = "There is no route: its value did not go into this loss.";
    return [h("p", {class: "break"}, none)];
  }
  const steps = stepsOf(route);
  const list = h("ol", {}, shortened(steps.map(entryOfStep), " steps", 30, 30));
  const along = by => () => {
    route.at = clamp((route.at ?? (by > 0 ? -1 : steps.length)) + by, 0, steps.length - 1);
    goTo(steps[route.at].node);
  };
  const walk = [action("Towards the parameter", along(1)), action("Back", along(-1))];
  return [h("p", {}, summaryOf(route, steps)), walk, h("h3", {}, "From the loss on"), list];
}

function goTo(node) {
  reveal(node);
  centre(state.model.shownOf(node));
}

function summaryOf(route, steps) {
  const {model: m} = state;
  const breaks = steps.filter(step => step.isBreak);
  if (breaks.length) {
    const places = breaks.length > 1 ? `at ${breaks.length} places, first ` : "";
    return `The route breaks ${places}at ${m.name(breaks[0].node)}.`;
  }
  if (WORDS[m.verdict[route.node]] === "frozen") {
    const reason = "no gradient is kept, since requires_grad is False";
    return `The value goes all the way to the loss; ${reason}.`;
  }
  if (WORDS[m.verdict[route.node]] === "zero") {
    return "The route is whole, and the gradient that arrives is all zero.";
  }
  return `The route is whole, ${counted(route.lines.length, "step")} from the loss.`;
}

function entryOfStep({node, path, times, isBreak}) {
  const {model: m} = state;
  const onclick = () => goTo(node);
  const icon = swatchOf(node);
  if (isBreak) {
    const place = m.place(m.at[node]);
    const more = place ? `${place.at}: ${place.code}` : m.name(node);
    return h("li", {class: "break"}, entry(icon, `breaks at ${m.name(node)}`, more, {onclick}));
  }
  if (m.isTensor(node)) return h("li", {}, entry(icon, m.name(node), "", {onclick}));
  const name = path || (m.isLoss(node) ? m.name(node) : "outside any module");
  const more = times > 1 ? counted(times, "node") : m.name(node);
  return h("li", {}, entry(icon, name, more, {onclick}));
}
