"""From a report to what is to be drawn: items and the lines between them, as plain data, before anything has a place or a colour.

Two things are added to the graph here: a mark for every cut that is no node yet, and one stub per use for a parameter with many uses,
since a hub of a hundred edges takes ``dot`` half a minute.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gradviz.findings import Findings
from gradviz.graph import Cut, CutKind, Edge, Node, NodeKind, Place, Verdict
from gradviz.render.sentences import cut_at, printable, starred, where
from gradviz.render.style import LOOKS, LOSS, OP, SCISSORS, Look

SHARED_USES = 4  # a parameter with more uses than this gets a stub for each
LONGEST = 34  # characters of a name; the middle of a longer one is left out
NAMELESS = '""'
DETACHED = 12  # unused parameters that are shown beside the graph; more are only counted

# What is done to a stretch of code and not to one value: the mark stands where a value leaves the stretch.
_STRETCHES = {CutKind.NO_GRAD, CutKind.SET_GRAD_ENABLED, CutKind.INFERENCE_MODE}


class Sort(StrEnum):
    """What an item is."""

    LOSS = "loss"
    OPERATION = "op"
    MARK = "mark"
    TENSOR = "tensor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to draw. Read-only.

    Attributes:
        key: Identifier: a letter, then letters, digits and ``_``. The same in every run.
        sort: What it is.
        node: The node that it stands for, or that a mark stands on; None for what stands for many, or for none.
        name: What an operation, a loss or a mark is called, unabridged.
        operation: Name of the autograd operation; empty for tensors.
        lines: What is written in it, from the top.
        names: How many of the lines are names.
        aside: What the first line ends in that is no part of the name.
        about: The same in a sentence, unabridged.
        verdict: Of a tensor: how it looks.
        pruned: It would have received gradient.
        parameters: Names of the parameters that it stands for, as far as they are asked about.
        cuts: The cuts that it marks.
        stub: A tensor of many uses, drawn beside one of them.
        change: In a picture of a difference, what is new about it: ``"changed"``, ``"came"`` or ``"went"``; else empty.
    """

    key: str
    sort: Sort
    node: Node | None = None
    name: str = ""
    operation: str = ""
    lines: tuple[str, ...] = ()
    names: int = 1
    aside: str = ""
    about: str = ""
    verdict: Verdict | None = None
    pruned: bool = False
    parameters: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    change: str = ""
    stub: bool = False


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Line:
    """A value on its way from the item ``source`` into the item ``target``, nearer to the loss. ``stroke`` is a key of ``STROKES``."""

    source: str
    target: str
    stroke: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """Items, the loss first if there is one, and lines: those into one item together, that of its :func:`spine` first."""

    items: tuple[Item, ...]
    lines: tuple[Line, ...]


def sketch(report: Findings) -> Sketch:
    """Return what is to be drawn of ``report``."""
    return _Sketcher(report).sketch()


def look_of(item: Item) -> Look:
    """Return how ``item`` looks."""
    if item.verdict is not None:
        return LOOKS[item.verdict]
    return LOSS if item.sort is Sort.LOSS else OP


def spine(content: Sketch) -> list[Line]:
    """Return for every item the line on which the longest way back from it begins: what is drawn straight."""
    into: dict[str, list[Line]] = {}
    for line in content.lines:
        into.setdefault(line.target, []).append(line)
    depth: dict[str, int] = {}
    entered: set[str] = set()  # each once, so that it ends whatever the graph
    ways = [item.key for item in content.items]
    while ways:  # a loop, since a graph may be deeper than the stack
        key = ways[-1]
        if key not in entered:
            entered.add(key)
            ways += [line.source for line in into.get(key, ()) if line.source not in entered]
            continue
        depth.setdefault(key, 1 + max((depth.get(line.source, 0) for line in into.get(key, ())), default=0))
        ways.pop()
    return [max(lines, key=lambda line: (depth[line.source], line.source)) for lines in into.values()]


def _spine_first(content: Sketch) -> Sketch:
    """An engine starts from the order it is given: with the spine first the article's net is a third narrower."""
    order, straight = {item.key: number for number, item in enumerate(content.items)}, set(spine(content))
    return Sketch(content.items, tuple(sorted(content.lines, key=lambda line: (order[line.target], line not in straight))))


class _Sketcher:
    def __init__(self, report: Findings) -> None:
        self._report = report
        self._nodes = report.graph.nodes
        self._into: dict[int, list[Edge]] = {}
        self._uses: dict[int, int] = {}
        for edge in report.graph.edges:
            self._into.setdefault(edge.target, []).append(edge)
            self._uses[edge.source] = self._uses.get(edge.source, 0) + 1
        self._items: dict[str, Item] = {}
        self._lines: dict[Line, None] = {}

    def sketch(self) -> Sketch:
        for node in self._nodes:
            if node.kind in (NodeKind.LOSS, NodeKind.OPERATION):
                self._add(self._of(node))
        for node in self._nodes:
            for edge in self._into.get(node.index, ()):
                self._connect(edge)
        for item in _unused(self._report):
            self._add(item)
        return _spine_first(Sketch(tuple(self._items.values()), tuple(self._lines)))

    def _add(self, item: Item) -> str:
        self._items.setdefault(item.key, item)
        return item.key

    def _draw(self, source: str, target: str, stroke: str) -> None:
        self._lines[Line(source=source, target=target, stroke=stroke)] = None

    def _connect(self, edge: Edge) -> None:
        source, target = self._nodes[edge.source], self._nodes[edge.target]
        into = f"n{target.index}"
        mark = self._mark_on(edge)
        if mark is not None:
            self._draw(self._add(mark), into, "severed")
            into = mark.key
        if source.kind in (NodeKind.PARAMETER, NodeKind.LEAF):
            self._hang(source, edge, into)
        else:
            self._draw(f"n{source.index}", into, "pruned" if mark else self._stroke(edge))

    def _hang(self, tensor: Node, edge: Edge, into: str) -> None:
        shared = self._uses[tensor.index] > SHARED_USES
        key = f"n{tensor.index}" + (f"_{edge.target}" if shared else "")
        self._add(self._tensor(tensor, key, stub=shared))
        self._draw(key, into, self._stroke(edge))

    def _stroke(self, edge: Edge) -> str:
        source, target = self._nodes[edge.source], self._nodes[edge.target]
        if edge.gradient:
            return "pruned" if source.pruned or target.pruned else "gradient"
        if source.verdict is Verdict.FROZEN or (source.kind is not NodeKind.OPERATION and not source.requires_grad):
            return "frozen"
        if edge.severed or source.pruned:
            return "severed" if self._is_mark(source) and not target.pruned else "pruned"
        return "severed" if self._is_mark(source) else "value"

    def _is_mark(self, node: Node) -> bool:
        """This call is itself what severs, as ``detach`` is and an operation under ``no_grad`` is not."""
        severing = node.severs is not None and node.severs not in _STRETCHES
        return severing and any(edge.severed for edge in self._into.get(node.index, ()))

    def _mark_on(self, edge: Edge) -> Item | None:
        """The mark that has to be put on an edge, where neither end of it is one."""
        source, target = self._nodes[edge.source], self._nodes[edge.target]
        if edge.gradient or self._is_mark(source) or self._is_mark(target):
            return None
        if edge.severed and target.severs not in _STRETCHES:
            return self._mark(f"cut_{edge.severed}_{target.index}", self._cuts([edge]), edge.severed, target)
        if source.severs is not None and source.severs in _STRETCHES and target.severs not in _STRETCHES:
            return self._mark(f"cut_{source.index}", self._cuts(self._behind(source)), source.severs, source)
        return None

    def _behind(self, node: Node) -> Iterator[Edge]:
        """The severed edges behind ``node``, as far as no gradient would have passed anyway; the nearest first."""
        ways, seen = [node.index], {node.index}
        for index in ways:
            for edge in self._into.get(index, ()):
                if edge.severed:
                    yield edge
                elif not edge.gradient and edge.source not in seen:
                    seen.add(edge.source)
                    ways.append(edge.source)

    def _cuts(self, edges: Iterable[Edge]) -> list[Cut]:
        found = dict.fromkeys(edge.cut for edge in edges if edge.cut is not None)
        return [self._report.cuts[index] for index in found]

    def _mark(self, key: str, cuts: list[Cut], kind: CutKind, node: Node) -> Item | None:
        if not cuts and not any(edge.severed for edge in self._behind(node)) and not node.pruned:
            return None
        place = node.place or Place("", 0)
        first = cuts[0] if cuts else Cut(kind=kind, operation=kind, file=place.file, line=place.line, code=place.code)
        at, more = where(first.file, first.line), f"and {len(cuts) - 1} more" if cuts[1:] else ""
        lines = (f"{SCISSORS} {short(first.operation)}", *filter(None, [short(at), more]))
        about = f"cut: {'; '.join(map(cut_at, cuts or [first]))}"
        if first.code:
            about += f": {printable(first.code)}"
        return Item(
            key=key,
            sort=Sort.MARK,
            node=node,
            name=first.operation,
            operation=str(first.kind),
            lines=lines,
            about=about,
            verdict=Verdict.CUT,
            cuts=tuple(cuts),
        )

    def _of(self, node: Node) -> Item:
        key = f"n{node.index}"
        if node.kind is NodeKind.LOSS:
            name = node.name or "loss"
            about = f"{printable(name)}: backward() starts here"
            return Item(key=key, sort=Sort.LOSS, node=node, name=name, lines=(short(name),), about=about)
        if node.severs is not None and self._is_mark(node):
            edges = [edge for edge in self._into[node.index] if edge.severed]
            mark = self._mark(key, self._cuts(edges), node.severs, node)
            if mark is not None:
                return mark
        at = where(node.place.file, node.place.line) if node.place else ""
        lines = (short(node.operation) or NAMELESS, *filter(None, [short(node.scope)]))
        about = node.operation + (f" in {node.scope}" if node.scope else "")
        if at:
            about += f" at {at}"
        return Item(
            key=key,
            sort=Sort.OPERATION,
            node=node,
            name=node.operation,
            operation=node.operation,
            lines=lines,
            about=printable(about),
            pruned=node.pruned,
        )

    def _tensor(self, node: Node, key: str, *, stub: bool) -> Item:
        parameter = self._report.parameters.get(node.name) if node.kind is NodeKind.PARAMETER else None
        verdict = parameter.verdict if parameter else node.verdict or Verdict.REACHED
        word = str(verdict)
        partial = parameter is not None and parameter.partial
        if partial:
            word += ", partial"
        cuts = "; ".join(map(cut_at, parameter.cuts)) if parameter else ""
        about = f"{printable(node.name)} {_sizes(node.shape)}".rstrip() + f": {word}" + (f", cut by {cuts}" if cuts else "")
        second = "outside the model" if node.kind is NodeKind.LEAF else _sizes(node.shape)
        lines = (short(node.name) or NAMELESS, *([second] if second else []), f"{LOOKS[verdict].mark} {word}".strip())
        pruned = verdict is Verdict.CUT
        names = (node.name,) if parameter else ()
        return Item(
            key=key,
            sort=Sort.TENSOR,
            node=node,
            lines=lines,
            about=about,
            verdict=verdict,
            pruned=pruned,
            parameters=names,
            stub=stub,
        )


def _unused(report: Findings) -> list[Item]:
    names = [name for name, parameter in report.parameters.items() if parameter.verdict is Verdict.UNUSED]
    drawn = {node.name for node in report.graph.nodes if node.kind is NodeKind.PARAMETER}
    beside = [name for name in names if name not in drawn]
    if len(beside) > DETACHED:
        return []
    items = []
    for number, path in enumerate(starred(beside, report.parameters)):
        label, _, count = path.partition(" (")
        lines = (short(label), *([count.rstrip(")")] if count else []), str(Verdict.UNUSED))
        about = f"{printable(path)}: unused"
        alike = tuple(name for name in beside if name == path or (label.endswith(".*") and name.startswith(label[:-1])))
        items.append(Item(key=f"u{number}", sort=Sort.TENSOR, lines=lines, about=about, verdict=Verdict.UNUSED, parameters=alike))
    return items


def _sizes(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else f"({', '.join(map(str, shape))})"


def short(text: str, longest: int = LONGEST) -> str:
    """Return ``text`` on one line, without its middle where it is longer than ``longest``."""
    text = printable(text)
    if len(text) <= longest:
        return text
    tail = longest // 2
    return f"{text[: longest - tail - 1]}\u2026{text[-tail:]}"
