"""What the page draws of a graph.

The boxes of the whole picture, and every tensor where it is used.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gradviz.facts.findings import Findings
from gradviz.folding.boxes import Box
from gradviz.folding.drawn import tensor_of
from gradviz.folding.losses import scopes_of
from gradviz.folding.once import modules_of
from gradviz.folding.tree import Thing
from gradviz.folding.whole import Whole, drawn_of
from gradviz.graph import Node, NodeKind, Parameter, Verdict
from gradviz.render.style import STROKES
from gradviz.system.grouped import grouped

SORTS = ("loss", "op", "mark", "parameter", "leaf", "stub")  # numbered so in app/model.js

_STROKES = {name: number for number, name in enumerate(STROKES)}
_TENSORS = (NodeKind.PARAMETER, NodeKind.LEAF)


@dataclass(unsafe_hash=True, slots=True, kw_only=True)
class PageThing:
    """Something that the page draws and that is no group; one may stand for many that look alike.
    Read-only, though not frozen, as :class:`Box` is not.

    Attributes:
        sort: One of ``SORTS``.
        name: What it is called, unabridged.
        path: The modules that it lies in, the outermost first.
        node: The node that it stands for, or the first of many; None for what the graph lacks.
        parameter: The parameter that it stands for, if it is one.
        verdict: Of a tensor or a mark.
        cuts: Of a mark: positions in ``Report.cuts``.
        idle: What keeps a parameter from training, where gradient reaches it.
    """

    sort: str
    name: str
    path: tuple[str, ...]
    node: Node | None
    parameter: Parameter | None = None
    verdict: Verdict | None = None
    cuts: tuple[int, ...] = ()
    idle: str = ""

    @property
    def is_tensor(self) -> bool:
        """It is a parameter or leaf, or a stub of one."""
        return self.sort in ("parameter", "leaf", "stub")

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Its sizes, where it has any."""
        if not self.is_tensor:
            return None
        return self.parameter.shape if self.parameter else self.node.shape if self.node else None

    @property
    def in_outline(self) -> Thing:
        """It as the outline sees it."""
        name = self.name.rpartition(".")[2] if self.is_tensor else self.name
        pruned = self.node is not None and self.node.pruned
        label = (
            self.sort,
            name,
            self.shape,
            self.verdict,
            pruned,
            bool(self.cuts),
            bool(self.idle),
        )
        place = self.node and (self.node.caller or self.node.place)
        return Thing(
            self.path, name, label, self.is_tensor, self.sort in ("loss", "mark"), place or None
        )


@dataclass(frozen=True, slots=True)
class PageGraph:
    """Things, and lines between them. Read-only.

    Attributes:
        kinds: The things that differ from each other, in the order met.
        numbers: For everything that is drawn, its position in ``kinds``.
        lines: Source, target and number of the stroke, sorted.
        equal: A number for every module, by its path; equal modules have the same.
    """

    kinds: tuple[PageThing, ...]
    numbers: tuple[int, ...]
    lines: tuple[tuple[int, int, int], ...]
    equal: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    @property
    def things(self) -> list[PageThing]:
        """Everything that is drawn; what looks alike is one object."""
        return [self.kinds[number] for number in self.numbers]


def page_graph(report: Findings, idle: Mapping[str, str] = MappingProxyType({})) -> PageGraph:
    """Return what the page draws of ``report``, every parameter of the model among it.

    Args:
        report: What is drawn.
        idle: What keeps parameters from training that gradient reaches.
    """
    return _Placing(report, idle).graph()


class _Placing:
    """Places what is drawn of the whole graph in modules, and draws a tensor again in each that
    uses it.

    Most of what a long graph draws is the same again: it is of one kind, and differs in its lines
    alone.
    """

    def __init__(self, report: Findings, idle: Mapping[str, str]) -> None:
        self._report, self._idle = report, idle
        self._kinds: list[PageThing] = []
        self._positions: dict[Hashable, int] = {}  # in the kinds, by what tells apart
        self._numbers: list[int] = []
        modules = modules_of(report.graph, report.parameters, idle)
        self._equal = modules.equal_by_path()
        self._drawn: Whole = drawn_of(report.graph, modules.flow)
        # For all that is drawn, where it is among the things; -1 where several modules share it
        self._placed = [-1] * len(self._drawn.nodes)
        self._scopes = scopes_of(report.graph.nodes)
        self._paths: dict[str, tuple[str, ...]] = {}

    def graph(self) -> PageGraph:
        shared = self._place()
        lines = self._lines()
        for node in shared:
            self._tensor(node, self._path(node.name)[:-1])
        for thing in self._beside():
            self._add(thing)
        kinds, numbers = tuple(self._kinds), tuple(self._numbers)
        return PageGraph(kinds, numbers, tuple(sorted(lines)), self._equal)

    def _place(self) -> list[Node]:
        """Place what has one place; return the tensors that several modules share.

        A tensor that was made of others (detached, and a leaf again) has one, where the line from
        these ends.
        """
        nodes, stubs, marks = self._drawn.nodes, self._drawn.stubs, self._drawn.marks
        tensors = {number for number, node in enumerate(nodes) if node.kind in _TENSORS}
        tensors -= marks.keys()
        made = {target for _, target, _ in self._drawn.links if target in tensors}
        users = grouped(
            (source, nodes[target].scope)
            for source, target, _ in self._drawn.links
            if source in tensors
        )
        at_home = {nodes[number].index for number in tensors if number not in stubs}
        shared: dict[int, Node] = {}
        for number, node in enumerate(nodes):
            if number not in tensors:
                mark = marks.get(number)
                self._placed[number] = self._operation(node) if mark is None else self._mark(mark)
                continue
            own = self._path(node.name)[:-1]
            using = [self._path(scope) for scope in users.get(number, ())]
            if number in stubs:
                self._placed[number] = self._tensor(node, using[0], stub=True)
                if node.index not in at_home:
                    shared[node.index] = node
            elif own in using or not using or number in made:
                self._placed[number] = self._tensor(node, own)
            elif len(using) == 1:
                self._placed[number] = self._tensor(node, using[0])
            else:
                shared[node.index] = node
        return list(shared.values())

    def _lines(self) -> list[tuple[int, int, int]]:
        """Return the lines; each begins at a stub where the tensor is drawn in another module."""
        nodes, placed = self._drawn.nodes, self._placed
        paths = [self._kinds[number].path for number in self._numbers]
        # Of tensors alone: where they are drawn
        homes = [kind.path if kind.is_tensor else None for kind in self._kinds]
        home_of = [homes[number] for number in self._numbers]
        lines = []
        for source, target, way in self._drawn.links:
            begin, end = placed[source], placed[target]
            home = home_of[begin]
            if begin < 0 or (home is not None and home != paths[end]):
                begin = self._tensor(nodes[source], self._path(nodes[target].scope), stub=True)
            lines.append((begin, end, _STROKES[way]))
        return lines

    def _operation(self, node: Node) -> int:
        scope = self._scopes[node.index]
        lines = id(node.place), id(node.caller)
        key = node.kind, node.operation, node.name, scope, lines, node.pruned
        position = self._positions.get(key)
        if position is not None:
            self._numbers.append(position)
            return len(self._numbers) - 1
        is_loss = node.kind is NodeKind.LOSS
        sort, name = ("loss", node.name or "loss") if is_loss else ("op", node.operation)
        path = self._path(scope)
        return self._add(PageThing(sort=sort, name=name, path=path, node=node), key)

    def _mark(self, box: Box) -> int:
        node = _node(box)
        path = self._path(self._scopes[node.index])
        name = self._report.cuts[box.cuts[0]].operation
        return self._add(
            PageThing(
                sort="mark", name=name, path=path, node=node, verdict=Verdict.CUT, cuts=box.cuts
            )
        )

    def _tensor(self, node: Node, path: tuple[str, ...], *, stub: bool = False) -> int:
        key = node.index, path, stub
        position = self._positions.get(key)
        if position is not None:
            self._numbers.append(position)
            return len(self._numbers) - 1
        parameter, verdict = tensor_of(node, self._report.parameters)
        return self._add(
            PageThing(
                sort="stub" if stub else "parameter" if parameter else "leaf",
                name=node.name,
                path=path,
                node=node,
                parameter=parameter,
                verdict=verdict,
                idle=self._idle.get(node.name, "") if parameter else "",
            ),
            key,
        )

    def _add(self, kind: PageThing, key: Hashable = None) -> int:
        """Add a thing of a new kind, which others may be of that have the ``key``."""
        self._numbers.append(len(self._kinds))
        if key is not None:
            self._positions[key] = len(self._kinds)
        self._kinds.append(kind)
        return len(self._numbers) - 1

    def _path(self, scope: str) -> tuple[str, ...]:
        path = self._paths.get(scope)
        if path is None:
            path = self._paths[scope] = _path(scope)
        return path

    def _beside(self) -> Iterator[PageThing]:
        """Yield the parameters that nothing drawn stands for."""
        drawn = {kind.parameter.name for kind in self._kinds if kind.parameter}
        for name, parameter in self._report.parameters.items():
            if name not in drawn:
                yield PageThing(
                    sort="parameter",
                    name=name,
                    path=_path(name)[:-1],
                    node=None,
                    parameter=parameter,
                    verdict=parameter.verdict,
                )


def _node(box: Box) -> Node:
    assert box.node is not None
    return box.node


def _path(scope: str) -> tuple[str, ...]:
    return tuple(scope.split(".")) if scope else ()
