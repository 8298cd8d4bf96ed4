// The tree: only the lines in sight are elements.

/** The lines of the tree from the top, groups before what is in them. */
function treeRows() {
  if (state.rows) return state.rows;
  const {model: m} = state;
  const rows = [];
  const waiting = [m.n];
  while (waiting.length) {
    const thing = waiting.pop();
    if (thing !== m.n) {
      if (m.isFaint(thing) || !isListed(thing)) continue;
      rows.push(thing);
    }
    if (m.isOpen(thing)) {
      const inner = m.children[thing - m.n];
      for (let i = inner.length - 1; i >= 0; i--) waiting.push(inner[i]);
    }
  }
  m.rowOf = new Map(rows.map((thing, row) => [thing, row]));
  state.rows = rows;
  return rows;
}

/** Operations are listed only on request. */
function isListed(thing) {
  const {model: m, isFull} = state;
  return isFull || m.isGroup(thing) || m.isTensor(thing) || m.isMark(thing);
}

function drawTree(isScrolled = false) {
  const tree = $("tree");
  const list = treeRows();
  const {rowOf, parent, n} = state.model;
  while (state.active > n && !rowOf.has(state.active)) state.active = parent[state.active];
  if (state.active >= 0 && state.active < n && !rowOf.has(state.active)) {
    state.active = parent[state.active];
  }
  if (!rowOf.has(state.active)) state.active = list.length ? list[0] : -1;
  const high = tree.clientHeight || 400;
  const at = rowOf.get(state.active);
  $("rows").style.height = `${list.length * TREE_ROW}px`;
  if (isScrolled && at !== undefined) {
    const isAbove = at * TREE_ROW < tree.scrollTop;
    const isBelow = (at + 1) * TREE_ROW > tree.scrollTop + high;
    if (isAbove || isBelow) tree.scrollTop = at * TREE_ROW - high / 2;
  }
  const first = Math.max(0, Math.floor(tree.scrollTop / TREE_ROW) - 4);
  const last = Math.min(list.length, Math.ceil((tree.scrollTop + high) / TREE_ROW) + 4);
  const shown = list.slice(first, last).map((thing, i) => elementOfRow(thing, first + i));
  if (at !== undefined && (at < first || at >= last)) shown.push(elementOfRow(state.active, at));
  $("rows").replaceChildren(...shown);
  if (state.active >= 0) tree.setAttribute("aria-activedescendant", `row-${state.active}`);
  else tree.removeAttribute("aria-activedescendant");
}

/** What the tree says beside a name. */
function wordsOf(thing) {
  const {model: m} = state;
  if (m.isGroup(thing)) return m.group(thing).words;
  return m.verdict[thing] < 0 ? "" : DATA.verdicts[m.verdict[thing]].name;
}

function elementOfRow(thing, row) {
  const {model: m, selected, active} = state;
  const isGroup = m.isGroup(thing);
  const siblings = m.children[m.parent[thing] - m.n].filter(isListed);
  const level = m.depth[thing];
  const classes = ["row", isGroup && "module", thing === selected && "selected"];
  const words = wordsOf(thing);
  const sign = m.isOpen(thing) ? "▾" : "▸";
  const element = h(
    "div",
    {
      id: `row-${thing}`,
      role: "treeitem",
      class: [...classes, thing === active && "active"].filter(Boolean).join(" "),
      "aria-level": level,
      "aria-setsize": siblings.length,
      "aria-posinset": siblings.indexOf(thing) + 1,
      "aria-selected": flag(thing === selected),
      "aria-expanded": isGroup ? flag(m.isOpen(thing)) : null,
      title: about(thing),
    },
    h("span", {class: "twist", "aria-hidden": "true"}, isGroup ? sign : ""),
    swatchOf(thing),
    h("span", {class: "name"}, m.nameHere(thing)),
    words && h("span", {class: `said${words === "reached" ? " plain" : ""}`}, words),
  );
  element.style.top = `${row * TREE_ROW}px`;
  element.style.paddingLeft = `${4 + Math.min(level - 1, 12) * 14}px`;
  return element;
}

function goToRow(row) {
  const list = treeRows();
  state.active = list[Math.max(0, Math.min(list.length - 1, row))];
  select(state.active);
  drawTree(true);
  bring(state.active);
}

/** What each key does in the tree. */
function treeKeys() {
  const {model: m, active} = state;
  const at = m.rowOf.get(active) ?? 0;
  const isGroup = active >= 0 && m.isGroup(active);
  const isOpen = isGroup && m.isOpen(active);
  const page = Math.max(1, Math.floor($("tree").clientHeight / TREE_ROW) - 1);
  const parent = m.parent[active];
  const choose = how => {
    if (isGroup) toggle(active);
    select(active, how);
  };
  return {
    ArrowDown: () => goToRow(at + 1),
    ArrowUp: () => goToRow(at - 1),
    Home: () => goToRow(0),
    End: () => goToRow(Infinity),
    PageDown: () => goToRow(at + page),
    PageUp: () => goToRow(at - page),
    ArrowRight: () => {
      if (isOpen) goToRow(at + 1);
      else if (isGroup) toggle(active);
    },
    ArrowLeft: () => {
      if (isOpen) toggle(active);
      else if (parent !== m.n) goToRow(m.rowOf.get(parent));
    },
    Enter: () => choose({isShown: true}),
    " ": () => choose({}),
  };
}

function listenToTree() {
  const tree = $("tree");
  tree.addEventListener("scroll", () => drawTree());
  tree.addEventListener("click", event => {
    const element = event.target.closest(".row");
    if (!element) return;
    const thing = Number(element.id.slice(4));
    const isSwitch = event.target.closest(".twist") || event.detail === 2;
    state.active = thing;
    if (state.model.isGroup(thing) && isSwitch) toggle(thing);
    select(thing);
    bring(thing);
  });
  tree.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const act = treeKeys()[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    drawTree(true);
  });
}
