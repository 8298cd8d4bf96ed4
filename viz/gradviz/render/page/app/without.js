// What if one line did not cut: the same graph, with that cut taken for none.

const REACHED = WORDS.indexOf("reached");
const ZERO = WORDS.indexOf("zero");
const OPERATION = 1; // of SORTS

/** Show the verdicts without a cut; -1 shows what is. */
function showWithout(number) {
  const {model: before} = state;
  const actual = before.actual ?? before;
  const model = number < 0 ? actual : modelWithout(actual, number);
  model.open = before.open;
  model.isHidden = before.isHidden;
  state.edition++;
  state.model = model;
  state.route = null;
  state.layout = new Layout(model);
  drawAll();
  select(-1);
  showPanel("panel");
  say($("headline").textContent);
}

function modelWithout(actual, number) {
  const model = new Model(lossWithout(actual, number));
  model.actual = actual;
  model.without = number;
  return model;
}

/** The report of a loss, changed as far as it tells of a cut. */
function lossWithout(m, number) {
  const {loss} = m;
  const {nodes, strokes} = graphWithout(m, number);
  const parameters = parametersWithout(m, number);
  const strings = [...loss.strings];
  const boxes = [...loss.boxes];
  const changed = {
    ...loss,
    nodes,
    parameters,
    strings,
    boxes,
    lines: [...loss.lines.slice(0, 2), strokes],
    marks: marksWithout(loss, number),
    cuts: loss.cuts.map((cut, i) => (i === number ? {...cut, parameters: []} : cut)),
  };
  const text = string => strings.push(string) - 1;
  for (let node = 0; node < m.n; node++) {
    const isFreed = m.isMark(node) && nodes.sort[node] !== MARK;
    if (isFreed || nodes.verdict[node] !== m.verdict[node] || hasOther(m, parameters, node)) {
      nodes.lines[node] = boxes.push(boxWithout(m, changed, node, text)) - 1;
    }
  }
  tallyWithout(m, changed, text);
  changed.headline = headlineWithout(m, changed, number);
  return changed;
}

function hasOther(m, parameters, node) {
  const number = m.parameter[node];
  return number >= 0 && parameters.partial[number] !== m.loss.parameters.partial[number];
}

function marksWithout(loss, number) {
  const others = Object.entries(loss.marks).map(([node, cuts]) =>
    [node, cuts.filter(cut => cut !== number)]);
  return Object.fromEntries(others.filter(([, cuts]) => cuts.length));
}

/** Verdicts of the parameters; gradient that would arrive is taken to be not zero. */
function parametersWithout(m, number) {
  const {parameters, cuts, strings} = m.loss;
  const {still, also} = cuts[number];
  const [verdict, partial, reason] = ["verdict", "partial", "reason"].map(name =>
    [...parameters[name]]);
  const again = also.map(place => m.place(place)?.at).filter(Boolean).join(", ");
  const why = strings.push(`Still cut: the same route is cut again${again && ` at ${again}`}.`) - 1;
  const arrives = strings.push("A gradient would arrive.") - 1;
  for (const parameter of cuts[number].parameters) {
    if (![CUT, REACHED, ZERO].includes(verdict[parameter])) continue;
    const isStill = still.includes(parameter);
    if (isStill && verdict[parameter] === CUT) {
      reason[parameter] = why;
      continue;
    }
    const others = parameters.cuts[parameter].filter(cut => cut !== number);
    verdict[parameter] = isStill ? verdict[parameter] : REACHED;
    partial[parameter] = isStill || others.length ? 1 : 0;
    reason[parameter] = isStill ? why : arrives;
  }
  const left = parameters.cuts.map(list => list.filter(cut => cut !== number));
  return {...parameters, verdict, partial, reason, cuts: left};
}

/** What is drawn: where gradient would pass that does not. */
function graphWithout(m, number) {
  const {loss} = m;
  const columns = ["sort", "verdict", "pruned", "lines"].map(name => [name, Array.from(m[name])]);
  const nodes = {...loss.nodes, ...Object.fromEntries(columns)};
  const strokes = [...m.strokes];
  const {verdict} = parametersWithout(m, number);
  for (let node = 0; node < m.n; node++) {
    if (m.parameter[node] >= 0) nodes.verdict[node] = verdict[m.parameter[node]];
  }
  const isForeign = node => m.isMark(node) && !(loss.marks[node] || []).includes(number);
  const own = Object.keys(loss.marks).map(Number).filter(node => !isForeign(node));
  const {parameters, still} = loss.cuts[number];
  if (parameters.length && still.length === parameters.length) return {nodes, strokes};
  const passes = line => !isForeign(m.sources[line]) && !isForeign(m.targets[line]);
  const leads = walk([m.sort.indexOf(LOSS)], node => m.before(node), m.sources, passes);
  const down = line => leads.has(m.targets[line]) && passes(line) && !isAlive(m.strokes[line]);
  const up = line => passes(line) && m.strokes[line] === STROKE.pruned && isFreed(m.sources[line]);
  const isFreed = node => nodes.verdict[node] !== CUT;
  const starts = own.filter(node => leads.has(node));
  const free = line => {
    strokes[line] = STROKE.gradient;
    nodes.pruned[m.sources[line]] = nodes.pruned[m.targets[line]] = -1;
  };
  walk(starts, node => m.after(node), m.targets, line => down(line) && (free(line), true));
  walk(starts, node => m.before(node), m.sources, line => up(line) && (free(line), true));
  for (const node of own) {
    if (loss.marks[node].length > 1) continue;
    for (const line of m.after(node)) if (!isAlive(strokes[line])) strokes[line] = STROKE.pruned;
    nodes.sort[node] = OPERATION;
    nodes.verdict[node] = -1;
  }
  return {nodes, strokes};
}

/** The nodes that lines lead to, along those that may be gone. */
function walk(starts, linesOf, ends, mayGo) {
  const visited = new Set(starts);
  for (const node of visited) {
    for (const line of linesOf(node)) if (mayGo(line)) visited.add(ends[line]);
  }
  return visited;
}

/** What is written in a box whose verdict is another. */
function boxWithout(m, {nodes, parameters}, node, text) {
  const [name, ...rest] = m.loss.boxes[m.lines[node]];
  if (m.isMark(node)) return [[name[0]], ...rest];
  const verdict = nodes.verdict[node];
  const [line] = rest;
  const was = DATA.verdicts[m.verdict[node]].word;
  const aside = m.strings[line[0]].replace(new RegExp(`^${was}(, partial)?`), "");
  const partial = parameters.partial[m.parameter[node]] ? ", partial" : "";
  const words = text(`${WORDS[verdict]}${partial}${aside}`);
  return [name, [words, DATA.verdicts[verdict].mark, text(""), 0]];
}

/** The numbers of the groups around a node, the innermost first. */
function groupsOf({parent, n}, node) {
  const groups = [];
  for (let at = parent[node]; at >= 0; at = parent[at]) groups.push(at - n);
  return groups;
}

/** What is in each group, and what is said of it. */
function tallyWithout(m, changed, text) {
  const {nodes, parameters} = changed;
  const rows = changed.groups.map(row => [...m.loss.tallies[row[7]]]);
  const [PARTIAL, , , MARKS, PRUNED] = [0, 1, 2, 3, 4].map(i => WORDS.length + i);
  const touched = new Set();
  for (let node = 0; node < m.n; node++) {
    const number = m.sort[node] === PARAMETER ? m.parameter[node] : -1;
    const isAttached = m.pruned[node] === 1 && nodes.pruned[node] !== 1;
    if (isAttached) for (const group of groupsOf(m, node)) rows[group][PRUNED]--;
    const isFreed = m.isMark(node) && nodes.sort[node] !== MARK;
    if (number < 0 && !isFreed) continue;
    const partial = number < 0
      ? 0
      : parameters.partial[number] - m.loss.parameters.partial[number];
    if (number >= 0 && !partial && nodes.verdict[node] === m.verdict[node]) continue;
    for (const group of groupsOf(m, node)) {
      const row = rows[group];
      touched.add(group);
      if (isFreed) {
        row[MARKS]--;
        continue;
      }
      row[m.verdict[node]]--;
      row[nodes.verdict[node]]++;
      row[PARTIAL] += partial;
    }
  }
  changed.tallies = rows;
  changed.groups = changed.groups.map((row, group) => {
    if (!touched.has(group)) return [...row.slice(0, 7), group, ...row.slice(8)];
    const tally = m.readTally(rows[group]);
    const lines = changed.boxes.push(groupWithout(m, row, tally, text)) - 1;
    return [...row.slice(0, 6), text(wordsOfTally(tally)), group, lines, row[9]];
  });
}

const portion = (number, total, word) =>
  number ? (number === total ? word : `${number} ${word}`) : "";

function groupWithout(m, row, tally, text) {
  const lines = m.loss.boxes[row[8]];
  if (!tally.parameters) return lines.filter(line => line[1] !== DATA.looks.cut.mark);
  const old = m.strings[lines[1][0]];
  const size = /\((.*)\)$/.exec(old)?.[1] ?? old;
  const present = tally.verdicts.filter(Boolean).length;
  const fates = fatesOf(tally);
  const mark = present === 1 ? DATA.verdicts[tally.verdicts.findIndex(Boolean)].mark : "";
  const none = text("");
  const fate = fates.length === 1
    ? [[text(`${fates[0]} (${size})`), mark, none, 0]]
    : [[text(size)], [text(fates.join(", ")), mark, none, 0]];
  const inside = `${counted(tally.marks, "cut")} inside`;
  const cuts = tally.marks ? [[text(inside), DATA.looks.cut.mark, none, 1]] : [];
  return [lines[0], ...fate, ...cuts];
}

function fatesOf({verdicts, parameters, partial}) {
  const names = DATA.verdicts.map(({name}, verdict) =>
    portion(verdicts[verdict], parameters, name));
  return [...names, portion(partial, parameters, "partial")].filter(Boolean);
}

/** What the tree says of a group. */
function wordsOfTally(tally) {
  if (tally.marks) return counted(tally.marks, "cut");
  const worst = ["cut", "zero", "unused", "frozen"].map(word => WORDS.indexOf(word));
  const verdict = worst.find(number => tally.verdicts[number]) ?? REACHED;
  const partial = portion(tally.partial, tally.parameters, "partial");
  if (partial && verdict === REACHED) return partial;
  const fate = portion(tally.verdicts[verdict], tally.parameters, DATA.verdicts[verdict].name);
  return [fate, partial].filter(Boolean).join(", ");
}

function headlineWithout(m, changed, number) {
  const {operation, at} = m.loss.cuts[number];
  const {parameters, verdicts, partial} = m.readTally(changed.tallies[0]);
  const place = m.place(at);
  const line = place ? ` at ${place.at}` : "";
  const fates = fatesOf({parameters, verdicts, partial}).join(", ");
  return `If ${operation}${line} did not cut: ${counted(parameters, "parameter")}, ${fates}.`;
}

/** The switch beside a cut. */
function switchWithout(number) {
  const {model: m} = state;
  const cut = m.loss.cuts[number];
  if (m.actual || cut.library || cut.raised) return [];
  return action("What if this line did not cut?", () => showWithout(number), {class: "action if"});
}

/** What would be otherwise, and the way back. */
function partOfWithout() {
  const {model: m} = state;
  if (!m.actual) return [];
  const {loss} = m;
  const cut = m.actual.loss.cuts[m.without];
  const freed = cut.parameters.filter(number => !cut.still.includes(number));
  const list = numbers => numbers.map(number => m.nodeOfParameter(number)).filter(i => i >= 0);
  const stays = cut.parameters.filter(number => loss.parameters.verdict[number] === CUT);
  const place = m.place(cut.at);
  const option = place ? `--without ${place.at}` : "--without FILE:LINE";
  return [
    h("p", {}, "Read off the graph, not measured. For a function, ",
      h("code", {}, `gradviz show ... ${option}`), " measures it."),
    action("Back to what is", () => showWithout(-1), {class: "action if"}),
    listOf("Gradient would come back to", list(freed)),
    listOf("Still cut, by another line", list(stays)),
    stays.length ? cut.also.map(again => placeOf(again, {isBroken: true})) : [],
  ];
}
