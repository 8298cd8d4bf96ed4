"""What the page draws of a graph.

The boxes of the whole picture, and every tensor where it is used.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType

from gradviz.facts.findings import Findings
from gradviz.folding.boxes import Box, BoxKind, Link
from gradviz.folding.losses import loss_functions
from gradviz.folding.whole import whole
from gradviz.graph import Node, NodeKind, Parameter, Verdict
from gradviz.render.style import STROKES
from gradviz.render.tree import Thing
from gradviz.system.grouped import grouped

SORTS = ("loss", "op", "mark", "parameter", "leaf", "stub")  # numbered so in app/model.js

_STROKES = tuple(STROKES)


@dataclass(unsafe_hash=True, slots=True, kw_only=True)
class PageThing:
    """Something that the page draws and that is no group. Read-only, though not frozen, as
    :class:`Box` is not.

    Attributes:
        sort: One of ``SORTS``.
        name: What it is called, unabridged.
        path: The modules that it lies in, the outermost first.
        node: The node that it stands for; None for what the graph lacks.
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
    """Things, and lines between them: source, target and number of the stroke, sorted.

    Read-only.
    """

    things: tuple[PageThing, ...]
    lines: tuple[tuple[int, int, int], ...]


def page_graph(report: Findings, idle: Mapping[str, str] = MappingProxyType({})) -> PageGraph:
    """Return what the page draws of ``report``, every parameter of the model among it.

    Args:
        report: What is drawn.
        idle: What keeps parameters from training that gradient reaches.
    """
    return _Placing(report, idle).graph()


class _Placing:
    """Places the boxes of the whole graph in modules, and draws a tensor again in each that uses
    it.
    """

    def __init__(self, report: Findings, idle: Mapping[str, str]) -> None:
        self._report, self._idle = report, idle
        self._things: list[PageThing] = []
        self._placed: dict[int, int] = {}  # by the numbers of the boxes
        self._losses = loss_functions(report.graph.nodes)

    def graph(self) -> PageGraph:
        folded = whole(self._report.graph, self._report.parameters)
        users = grouped((link.source, _node(folded.boxes[link.target])) for link in folded.links)
        shared = self._place(folded.boxes, users, {link.target for link in folded.links})
        lines = [
            (self._end(folded.boxes, link), self._placed[link.target], _STROKES.index(link.way))
            for link in folded.links
        ]
        for node in shared:
            self._tensor(node.name, node, _path(node.name)[:-1])
        self._things += self._beside()
        return PageGraph(tuple(self._things), tuple(sorted(lines)))

    def _place(
        self, boxes: Sequence[Box], users: Mapping[int, Sequence[Node]], made: Set[int]
    ) -> list[Node]:
        """Place what has one place; return the tensors that several modules share.

        A tensor that was made of others (detached, and a leaf again) has one, where the line from
        these ends.
        """
        shared: dict[int, Node] = {}
        with_box = {_node(box).index for box in boxes if not box.stub}
        for number, box in enumerate(boxes):
            node = _node(box)
            if box.kind not in (BoxKind.PARAMETER, BoxKind.LEAF):
                self._placed[number] = self._add(box, node)
                continue
            own = _path(node.name)[:-1]
            using = [_path(user.scope) for user in users.get(number, ())]
            if box.stub:
                self._placed[number] = self._tensor(node.name, node, using[0], stub=True)
                if node.index not in with_box:
                    shared[node.index] = node
            elif own in using or not using or number in made:
                self._placed[number] = self._tensor(node.name, node, own)
            elif len(using) == 1:
                self._placed[number] = self._tensor(node.name, node, using[0])
            else:
                shared[node.index] = node
        return list(shared.values())

    def _end(self, boxes: Sequence[Box], link: Link) -> int:
        """Return the thing that a line begins at: a stub, where the tensor is drawn in another
        module.
        """
        number = self._placed.get(link.source)
        if number is not None:
            thing = self._things[number]
            at_home = thing.path == self._things[self._placed[link.target]].path
            if at_home or not thing.is_tensor:
                return number
        node, user = _node(boxes[link.source]), _node(boxes[link.target])
        return self._tensor(node.name, node, _path(user.scope), stub=True)

    def _add(self, box: Box, node: Node) -> int:
        path = _path(node.scope)
        if node.index in self._losses:
            path += (self._losses[node.index],)
        if box.kind is BoxKind.CUT:
            name = self._report.cuts[box.cuts[0]].operation
            thing = PageThing(
                sort="mark", name=name, path=path, node=node, verdict=Verdict.CUT, cuts=box.cuts
            )
        elif box.kind is BoxKind.LOSS:
            thing = PageThing(sort="loss", name=box.path, path=path, node=node)
        else:
            thing = PageThing(sort="op", name=box.operation, path=path, node=node)
        return self._append(thing)

    def _tensor(self, name: str, node: Node, path: tuple[str, ...], *, stub: bool = False) -> int:
        is_parameter = node.kind is NodeKind.PARAMETER
        parameter = self._report.parameters.get(name) if is_parameter else None
        verdict = parameter.verdict if parameter else node.verdict or Verdict.REACHED
        sort = "stub" if stub else "parameter" if parameter else "leaf"
        return self._append(
            PageThing(
                sort=sort,
                name=name,
                path=path,
                node=node,
                parameter=parameter,
                verdict=verdict,
                idle=self._idle.get(name, "") if parameter else "",
            )
        )

    def _append(self, thing: PageThing) -> int:
        self._things.append(thing)
        return len(self._things) - 1

    def _beside(self) -> Iterator[PageThing]:
        """Yield the parameters that nothing drawn stands for."""
        drawn = {thing.parameter.name for thing in self._things if thing.parameter}
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
