"""From a graph of any size to a small one that says the same: modules as boxes, repetition as ``×32``. Pure, linear, no recursion.

The shallowest modules are opened as long as the boxes stay within a budget. Numbered siblings that are alike, verdicts and cuts included,
are told once, so that the one frozen or severed block stands out. What runs again and again on one line is told once too, and operations
that follow each other without a branch are told in one box. Three things are never folded away: the loss, what severs, and whether
gradient passes between two boxes.
"""

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from math import ceil
from types import MappingProxyType

from gradviz.errors import GradvizError
from gradviz.flow import Flow, Way
from gradviz.graph import Edge, Graph, Node, NodeKind, Parameter, Place, Verdict
from gradviz.modules import Module, Modules, Room, Rooms

BUDGET = 100  # boxes
SCHEMES = ("auto", "light", "dark")
FEW = 8  # nodes of an opened module that are told one by one in any case
LOOPED = 4  # nodes of one line and one call that are told one by one; more are a loop
STRETCH = 12  # operations that are told in one box
STAGES = 4  # modules between which a loop may run and still be one box
LINKS = 3  # to a box, on average, that can still be followed
SHARED_USES = 4  # boxes that a parameter may have a line to; more get a stub each


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How much of a graph a picture shows, and on which ground. Read-only.

    Attributes:
        budget: Modules are opened, the shallowest first, while there are at most so many boxes, each operation counted as one.
        depth: Open modules down to this depth and no further, whatever the budget: 0 shows the outermost modules as boxes.
        open: Patterns of modules to open in any case: ``"layers.3"``, ``"layers.3.*"``. The path may begin further out than the pattern.
        scheme: ``"light"`` or ``"dark"``; ``"auto"`` follows the reader's system.
        transparent: Leave out the ground, where that of the page is known to go with the scheme.

    Raises:
        GradvizError: There is no such scheme.
    """

    budget: int = BUDGET
    depth: int | None = None
    open: tuple[str, ...] = ()
    scheme: str = "auto"
    transparent: bool = False

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise GradvizError(f"unknown scheme: {self.scheme!r} (choose from {', '.join(SCHEMES)})")

    def shows_all_of(self, graph: Graph) -> bool:
        """Whether ``graph`` is small enough to be drawn node by node."""
        return self.depth is None and not self.open and len(graph.nodes) <= self.budget + self.budget // 2


class BoxKind(StrEnum):
    """What a box stands for."""

    LOSS = "loss"
    MODULE = "module"  # everything in a module, or the part of it that a cut prunes
    OPERATION = "operation"
    PARAMETER = "parameter"
    LEAF = "leaf"  # leaves that belong to no parameter of the model
    CUT = "cut"  # what severs


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One thing to draw. Read-only.

    Attributes:
        kind: See :class:`BoxKind`.
        path: Module path, ``"model.layers.0..31.mlp"``; of a parameter its name.
        class_name: Of a module: its class.
        frame: Index in ``Folded.frames`` of the opened module it stands in; None at the top.
        operation: Name of the operation, where it is one; of a cut, the kind.
        times: How many equal siblings, or equal operations of a loop, are told as this one; those that its frames tell not counted.
        calls: How often the module ran, as its parameters tell.
        nodes: How many nodes of the graph it stands for.
        parameters: How many parameters.
        numel: Elements of these parameters.
        verdicts: How many parameters have each verdict, in the order of :class:`Verdict`; none left out but those that are 0.
        partial: How many of them have a severed route beside a live one.
        cuts: Of a cut: indices in ``Report.cuts``.
        place: Of an operation or a cut: the source line.
        shape: Of a single parameter.
        pruned: It would have received gradient, had nothing been severed.
        stub: A parameter drawn again beside a use.
        stretch: The operations that follow each other without a branch, which it is for; the first to run first.
        marked: Names of the parameters in it that are marked.
    """

    kind: BoxKind
    path: str = ""
    class_name: str = ""
    frame: int | None = None
    operation: str = ""
    times: int = 1
    calls: int = 1
    nodes: int = 1
    parameters: int = 0
    numel: int = 0
    verdicts: tuple[tuple[Verdict, int], ...] = ()
    partial: int = 0
    cuts: tuple[int, ...] = ()
    place: Place | None = None
    shape: tuple[int, ...] | None = None
    pruned: bool = False
    stub: bool = False
    stretch: "tuple[Box, ...]" = ()
    marked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A module that was opened: its boxes stand in this frame. Read-only.

    Attributes:
        path: Module path, ``"model.layers.0..31"``.
        class_name: Its class.
        parent: Index of the frame around it; None at the top.
        calls: How often the module ran, as its own parameters tell.
        times: How many equal siblings are told as this one, altogether.
        modules: How many siblings of one run; 1 where it is no run.
    """

    path: str
    class_name: str = ""
    parent: int | None = None
    times: int = 1
    modules: int = 1
    calls: int = 1


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Link:
    """Values that go from the box ``source`` into the box ``target``, nearer to the loss: ``edges`` of them. Read-only."""

    source: int
    target: int
    way: Way
    edges: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A smaller graph. Read-only.

    Attributes:
        boxes: The loss first, then by distance from it; what the loss does not use last.
        links: Sorted.
        frames: Opened modules, the outer before the inner.
        nodes: How many nodes the graph has.
        closed: Paths of modules that could be opened, the shallowest first.
    """

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    frames: tuple[Frame, ...]
    nodes: int
    closed: tuple[str, ...] = ()


def fold(
    graph: Graph,
    parameters: Mapping[str, Parameter],
    *,
    budget: int = BUDGET,
    depth: int | None = None,
    open: Sequence[str] = (),
    marks: Mapping[str, str] = MappingProxyType({}),
) -> Folded:
    """Return ``graph`` in about ``budget`` boxes, or fewer.

    Args:
        graph: As the analysis marked it.
        parameters: Every parameter of the model by name; those that the graph lacks get boxes too.
        budget, depth, open: As in :class:`View`.
        marks: Of some parameters by name: what tells them apart from others.
    """
    flow = Flow(graph)
    modules = Modules(flow, parameters, open, marks)
    names = _names(flow, modules)

    def drawn(budget: int, *, staged: bool = True) -> tuple[Folded, bool]:
        rooms = Rooms(modules)
        closed = _open(rooms, names, modules, budget, depth)
        stages = _stages(flow, modules, rooms, names) if staged else {}
        return _Drawing(flow, modules, rooms, names, parameters, stages, marks).folded(closed), bool(stages)

    for quarters in (4, 3, 2, 1):
        folded, is_staged = drawn(budget * quarters // 4)
        if not is_staged or (len(folded.boxes) <= budget + budget // 2 and len(folded.links) <= LINKS * len(folded.boxes)):
            return _stretched(folded)
    return _stretched(drawn(budget, staged=False)[0])


def _stretched(folded: Folded) -> Folded:
    """Put operations that follow each other without a branch into one box."""
    boxes = folded.boxes
    entering = Counter(link.target for link in folded.links)
    leaving: dict[int, list[Way]] = {}
    for link in folded.links:
        leaving.setdefault(link.source, []).append(link.way)

    def is_joined(link: Link) -> bool:
        source, target = boxes[link.source], boxes[link.target]
        return (
            source.kind is target.kind is BoxKind.OPERATION
            and (source.frame, source.path, source.pruned) == (target.frame, target.path, target.pruned)
            and len(leaving[link.source]) == entering[link.target] == 1
            and set(leaving.get(link.target, ())) <= {link.way}
        )

    after = {link.source: link.target for link in folded.links if is_joined(link)}
    starts = set(after) - set(after.values())  # a loop has none, and stays as it is
    stretch_of: dict[int, tuple[int, ...]] = {}
    for start in starts:
        stretch = [start]
        while stretch[-1] in after:
            stretch.append(after[stretch[-1]])
        parts = ceil(len(stretch) / STRETCH)
        for part in range(parts):
            inner = stretch[part * len(stretch) // parts : (part + 1) * len(stretch) // parts]
            stretch_of[inner[-1]] = tuple(inner)  # it stands where the last did, nearest to the loss
    inside = {number for stretch in stretch_of.values() for number in stretch[:-1]}
    position: dict[int, int] = {}
    for number in range(len(boxes)):
        if number not in inside:
            position[number] = len(position)
    position.update((number, position[stretch[-1]]) for stretch in stretch_of.values() for number in stretch[:-1])
    inner_links = {pair for stretch in stretch_of.values() for pair in pairwise(stretch)}
    links = (
        replace(link, source=position[link.source], target=position[link.target])
        for link in folded.links
        if (link.source, link.target) not in inner_links
    )
    return replace(
        folded,
        boxes=tuple(
            _in_one([boxes[each] for each in stretch_of[number]]) if number in stretch_of else box
            for number, box in enumerate(boxes)
            if number not in inside
        ),
        links=tuple(sorted(links)),
    )


def _in_one(stretch: Sequence[Box]) -> Box:
    return replace(stretch[-1], operation="", times=1, nodes=sum(box.nodes for box in stretch), stretch=tuple(stretch))


_Name = tuple[Hashable, Hashable, Hashable]
"""By what a node is told apart from others of its module: exactly, less so, and hardly."""


def _names(flow: Flow, modules: Modules) -> list[_Name]:
    """The names of all nodes. Nodes that correspond to each other in equal modules have the same."""
    names: list[_Name] = [("", "", "")] * len(flow.nodes)
    for module in modules.all:
        alike: dict[Hashable, list[int]] = {}
        for index in module.nodes:
            node, pruned = flow.nodes[index], flow.pruned[index]
            if node.kind is NodeKind.PARAMETER:
                rough = ("parameters", node.verdict, pruned)
                names[index] = ("parameter", node.name.rpartition(".")[2], pruned), rough, rough
            elif node.kind is NodeKind.LEAF:
                rough = ("leaves", node.verdict, pruned)
                names[index] = ("leaf", node.name, node.shape, pruned), rough, rough
            else:
                place = node.place or Place("", 0)
                alike.setdefault((modules.label[index], place.file, place.line), []).append(index)
        for kind, indices in alike.items():
            indices.sort(key=lambda index: (flow.distance[index], index))
            for number, index in enumerate(indices):
                place, pruned = flow.nodes[index].place or Place("", 0), flow.pruned[index]
                position = 0 if len(indices) > LOOPED else number
                names[index] = ("one", kind, position), ("function", place.file, place.function, pruned), ("own", pruned)
    return names


def _open(rooms: Rooms, names: Sequence[_Name], modules: Modules, budget: int, depth: int | None) -> tuple[str, ...]:
    """Open rooms, the shallowest first; return the paths of those seen that could be opened further."""
    own: dict[Room, tuple[set[Hashable], set[Hashable], set[Hashable]]] = {room: (set(), set(), set()) for room in rooms.all}
    for index, module in enumerate(modules.of):
        for found, name in zip(own[rooms.of[module]], names[index], strict=True):
            found.add(name)
    for module in modules.all:
        for name in module.absent:
            last = ("parameter", name.rpartition(".")[2], False)
            for found, key in zip(own[rooms.of[module]], (last, _ABSENT, _ABSENT), strict=True):
                found.add(key)

    count = 1
    seen: list[Room] = []
    levels: dict[int, list[Room]] = {}

    def cost(room: Room) -> int:
        """How many boxes more there are once it is open."""
        return len(own[room][room.spread]) + len(room.children) - 1

    def is_allowed(rooms: list[Room], boxes: int) -> bool:
        return count + boxes <= budget if depth is None else rooms[0].depth <= depth

    def open_(room: Room) -> None:
        nonlocal count
        room.is_open = True
        count += cost(room)
        for child in room.children:
            levels.setdefault(child.depth, []).append(child)

    def look_at(room: Room) -> None:
        exactly, is_forced = len(own[room][0]), room is rooms.root or room.is_wanted
        room.spread = 0 if exactly <= FEW or (is_forced and count + exactly <= budget) else 1 if room is rooms.root else 2
        if room.spread == 1 and len(own[room][1]) > budget:
            room.spread = 2
        seen.append(room)

    wanted = [rooms.root]
    for room in wanted:  # grows on the way; opened whatever the budget is, and before the rest has taken it
        look_at(room)
        open_(room)
        wanted += (child for child in room.children if child.is_wanted)
    while levels:
        for family in _families(levels.pop(min(levels))):
            for room in family:
                look_at(room)
            parents = [room for room in family if room.children]
            are_opened = bool(parents) and is_allowed(parents, sum(map(cost, parents)))
            for room in family:
                if are_opened if room.children else len(own[room][0]) < 2:
                    open_(room)
    # What is left of the budget goes to whole depths at once.
    for is_open in (True, False):
        for level in range(max(room.depth for room in seen) + 1):
            coarse = [
                room for room in seen if room.depth == level and room.is_open is is_open and (room.spread if is_open else not room.children)
            ]
            more = sum(len(own[room][0]) - (len(own[room][room.spread]) if is_open else 1) for room in coarse)
            if coarse and is_allowed(coarse, more) and len(own[coarse[0]][0]) <= budget:
                count += more
                for room in coarse:
                    room.is_open, room.spread = True, 0
    for room in rooms.all:
        if room.parent is not None and not room.parent.shown.is_open:
            room.shown = room.parent.shown
    return tuple(room.path for room in sorted(seen, key=lambda room: (room.depth, room.path)) if not room.is_open)


def _stages(flow: Flow, modules: Modules, rooms: Rooms, names: Sequence[_Name]) -> dict[int, Room]:
    """For the operations of loops that run through many modules, the module that each comes after.

    Told as one box such a loop would be a hub, with a line to each of the modules and back.
    """
    shown = [rooms.of[module].shown for module in modules.of]
    nearest: list[tuple[int, int] | None] = [None] * len(
        shown
    )  # of what comes before, in another room: its distance from the loss, and itself
    for index in sorted(range(len(shown)), key=lambda index: -flow.distance[index]):
        for source in (edge.source for edge in flow.into[index] if flow.nodes[edge.source].kind is NodeKind.OPERATION):
            found = nearest[source] if shown[source] is shown[index] else (flow.distance[source], source)
            nearest[index] = min(filter(None, (found, nearest[index])), default=None)
    stages = {
        node.index: shown[found[1]]
        for node, found in zip(flow.nodes, nearest, strict=True)
        if found and shown[node.index].is_open and node.kind is NodeKind.OPERATION and node.index not in flow.cut_nodes
    }
    loops: dict[Hashable, set[Room]] = {}
    loop_of = {index: (names[index][shown[index].spread], shown[index]) for index in stages}
    for index, room in stages.items():
        loops.setdefault(loop_of[index], set()).add(room)
    return {index: room for index, room in stages.items() if len(loops[loop_of[index]]) > STAGES}


def _families(level: Sequence[Room]) -> list[list[Room]]:
    """Part the rooms of one depth into those that are opened together or not at all: those of the same place in numbered siblings.

    One of them in detail would only seem to be different. What was asked for is open already.
    """
    families: dict[str, list[Room]] = {}
    for room in level:
        if not room.is_wanted:
            families.setdefault(_NUMBERS.sub("#", room.path), []).append(room)
    return [families[name] for name in sorted(families)]


_NUMBERS = re.compile(r"\d[\d.,\u2026 ]*")
_ABSENT = ("parameters", Verdict.UNUSED, False)


@dataclass(slots=True)
class _Tally:
    """A box while it is being filled."""

    room: Room
    box: Box
    frame: Room
    nearest: tuple[int, int] = (1 << 62, 0)
    nodes: int = 0
    names: list[str] = field(default_factory=list)
    uses: Counter[int] = field(default_factory=Counter)  # how often parameters are used in it, by their nodes


class _Drawing:
    """Sorts every node and every edge into the boxes and links of the opened rooms."""

    def __init__(
        self,
        flow: Flow,
        modules: Modules,
        rooms: Rooms,
        names: Sequence[_Name],
        parameters: Mapping[str, Parameter],
        stages: Mapping[int, Room],
        marks: Mapping[str, str],
    ) -> None:
        self._flow, self._modules, self._rooms, self._names, self._parameters = flow, modules, rooms, names, parameters
        self._stages, self._marks = stages, marks
        self._tallies: dict[Hashable, _Tally] = {}
        self._links: Counter[tuple[Hashable, Hashable, Way]] = Counter()

    def folded(self, closed: tuple[str, ...]) -> Folded:
        keys = [self._sort(node) for node in self._flow.nodes]
        for module in self._modules.all:
            for name in module.absent:
                self._sort_absent(name, self._rooms.of[module])
        self._connect(keys)
        return self._finish(closed)

    def _tally(self, key: Hashable, room: Room, box: Box) -> _Tally:
        tally = self._tallies.get(key)
        if tally is None:
            frame = room if room.is_open else room.parent or room
            tally = self._tallies[key] = _Tally(room, box, frame)
        return tally

    def _sort(self, node: Node) -> Hashable:
        room = self._rooms.of[self._modules.of[node.index]].shown
        pruned = self._flow.pruned[node.index]
        cuts = self._flow.cut_nodes.get(node.index)
        key: Hashable
        if node.kind is NodeKind.LOSS:
            key, box = ("loss", node.index), Box(kind=BoxKind.LOSS, path=node.name or "loss")
        elif cuts is not None:
            key, box = ("cut", node.severs, cuts, room), Box(kind=BoxKind.CUT, operation=str(node.severs), cuts=cuts, place=node.place)
        elif not room.is_open:
            key, box = ("module", room, pruned), Box(kind=BoxKind.MODULE, path=room.path, class_name=room.class_name, pruned=pruned)
        else:
            name = self._names[node.index][room.spread]
            key, box = (name, room, self._stages.get(node.index)), self._own(node, room, pruned)
        tally = self._tally(key, room, box)
        tally.nodes += 1
        tally.nearest = min(tally.nearest, (self._flow.distance[node.index], node.index))
        if node.kind is NodeKind.PARAMETER:
            tally.names.append(node.name)
        return key

    @staticmethod
    def _own(node: Node, room: Room, pruned: bool) -> Box:
        """The box of a node that lies in an opened module itself."""
        match node.kind:
            case NodeKind.PARAMETER:
                last = node.name.rpartition(".")[2] if room.spread == 0 else "*"
                return Box(kind=BoxKind.PARAMETER, path=f"{room.path}.{last}".lstrip("."), shape=node.shape, pruned=pruned)
            case NodeKind.LEAF:
                verdicts = ((node.verdict or Verdict.REACHED, 1),)
                return Box(kind=BoxKind.LEAF, path=node.name, shape=node.shape, verdicts=verdicts, pruned=pruned)
            case _ if room.spread == 0:
                return Box(kind=BoxKind.OPERATION, path=room.path, operation=node.operation, place=node.place, pruned=pruned)
            case _:
                function = node.place.function if node.place and room.spread == 1 else ""
                return Box(kind=BoxKind.MODULE, path=room.path, operation=function, pruned=pruned)

    def _sort_absent(self, name: str, room: Room) -> None:
        """Put a parameter that did not go into the loss where its module is."""
        shown = room.shown
        if shown.is_open:
            last = name.rpartition(".")[2] if shown.spread == 0 else "*"
            key: Hashable = (("parameter", last, False) if shown.spread == 0 else _ABSENT, shown, None)
            box = Box(kind=BoxKind.PARAMETER, path=f"{shown.path}.{last}".lstrip("."), shape=self._parameters[name].shape)
        else:
            key = next((key for side in (False, True) if (key := ("module", shown, side)) in self._tallies), ("module", shown, False))
            box = Box(kind=BoxKind.MODULE, path=shown.path, class_name=shown.class_name)
        self._tally(key, shown, box).names.append(name)

    def _connect(self, keys: Sequence[Hashable]) -> None:
        flow, modules = self._flow, self._modules
        mains = self._mains(keys)
        apart: dict[tuple[Module, Module], bool] = {}
        for edge in flow.edges:
            source, target = keys[edge.source], keys[edge.target]
            way = flow.way(edge)
            node = flow.nodes[edge.source]
            if node.kind in (NodeKind.PARAMETER, NodeKind.LEAF):
                self._tallies[target].uses[edge.source] += 1
                if source != target and mains.get(source, target) != target:
                    source = self._stub(source, target, node)
            cuts = flow.cut_edges.get(edge)
            if cuts is not None:
                mark = self._mark(edge, cuts)
                if source != mark:
                    self._links[source, mark, way if way is Way.FROZEN else Way.PRUNED] += 1
                if mark != target:
                    self._links[mark, target, Way.SEVERED] += 1
            elif source != target:
                between = modules.of[edge.source], modules.of[edge.target]
                if between not in apart:
                    apart[between] = self._rooms.apart(*between)
                if not apart[between]:
                    self._links[source, target, way] += 1

    def _mains(self, keys: Sequence[Hashable]) -> dict[Hashable, Hashable]:
        """The one box that parameters with many uses have a line to; the others get stubs."""
        users: dict[Hashable, dict[Hashable, None]] = {}
        for edge in self._flow.edges:
            if self._flow.nodes[edge.source].kind in (NodeKind.PARAMETER, NodeKind.LEAF) and keys[edge.source] != keys[edge.target]:
                users.setdefault(keys[edge.source], {})[keys[edge.target]] = None
        mains: dict[Hashable, Hashable] = {}
        for key, targets in users.items():
            if self._tallies[key].box.kind is BoxKind.MODULE:
                mains[key] = key  # seen as a part of its module, so that every use from elsewhere gets a stub
            elif len(targets) > SHARED_USES:
                mains[key] = min(targets, key=lambda target: self._tallies[target].nearest)
        return mains

    def _stub(self, source: Hashable, target: Hashable, node: Node) -> Hashable:
        """Draw a parameter again beside one of its uses; several of one module together."""
        home, user = self._tallies[source], self._tallies[target]
        key = ("stub", home.room, node.kind, target)
        kind = BoxKind.LEAF if node.kind is NodeKind.LEAF else BoxKind.PARAMETER
        stub = self._tallies.get(key)
        if stub is None:
            stub = self._tallies[key] = _Tally(
                home.room, Box(kind=kind, path=node.name, shape=node.shape, pruned=user.box.pruned, stub=True), user.frame
            )
        stub.nearest = min(stub.nearest, (user.nearest[0] + 1, node.index))
        if node.name not in stub.names:
            stub.names.append(node.name)
            stub.nodes += 1
        return key

    def _mark(self, edge: Edge, cuts: tuple[int, ...]) -> Hashable:
        """The mark of what severs on an edge."""
        source, target = self._flow.nodes[edge.source], self._flow.nodes[edge.target]
        node = source if source.severs is not None else target
        room = self._rooms.of[self._modules.of[node.index]].shown
        kind = edge.severed or node.severs
        key = ("cut", kind, cuts, room)
        tally = self._tally(key, room, Box(kind=BoxKind.CUT, operation=str(kind), cuts=cuts, place=node.place))
        tally.nodes += node.index not in tally.uses  # a value may leave by several edges
        tally.uses[node.index] += 1
        tally.nearest = min(tally.nearest, (self._flow.distance[edge.target], edge.target))
        return key

    def _finish(self, closed: tuple[str, ...]) -> Folded:
        opened = [room for room in self._rooms.all if room.is_open and room.shown is room and room.parent is not None]
        frames = {room: number for number, room in enumerate(opened)}
        order = sorted(self._tallies, key=lambda key: self._position(self._tallies[key]))
        boxes = [self._box(self._tallies[key], frames) for key in order]
        numbers = {key: number for number, key in enumerate(order)}
        links: dict[tuple[int, int], dict[Way, int]] = {}
        for (source, target, way), count in self._links.items():
            links.setdefault((numbers[source], numbers[target]), {})[way] = count
        return Folded(
            boxes=tuple(boxes),
            links=tuple(
                Link(source=source, target=target, way=next(way for way in Way if way in ways), edges=sum(ways.values()))
                for (source, target), ways in sorted(links.items())
            ),
            frames=tuple(self._frame(room, frames) for room in opened),
            nodes=len(self._flow.nodes),
            closed=closed,
        )

    def _frame(self, room: Room, frames: Mapping[Room, int]) -> Frame:
        flow, of = self._flow, self._modules.of
        module = room.members[0]
        uses = (
            sum(of[edge.target] is module for edge in flow.out[index])
            for index in module.nodes
            if flow.nodes[index].kind is NodeKind.PARAMETER
        )
        return Frame(
            path=room.path,
            class_name=room.class_name,
            parent=frames.get(room.parent) if room.parent else None,
            times=len(room.members),
            modules=room.modules,
            calls=min((count for count in uses if count), default=1),
        )

    @staticmethod
    def _position(tally: _Tally) -> tuple[Hashable, ...]:
        box = tally.box
        place = box.place or Place("", 0)
        return (box.kind is not BoxKind.LOSS, tally.nearest[0], box.kind, box.path, box.operation, place, box.pruned, tally.nearest[1])

    def _box(self, tally: _Tally, frames: Mapping[Room, int]) -> Box:
        known = [self._parameters[name] for name in tally.names if name in self._parameters]
        verdicts = Counter(parameter.verdict for parameter in known)
        single = tally.box.kind is BoxKind.PARAMETER and len(set(tally.names)) != len(tally.frame.members) and len(known) > 1
        around = len(tally.frame.members)
        if tally.box.kind is BoxKind.MODULE:
            times = tally.room.modules if not tally.room.is_open else 1
        elif tally.box.kind is BoxKind.OPERATION:
            times = max(1, tally.nodes // around)
        else:
            times = 1
        return replace(
            tally.box,
            frame=frames.get(tally.frame),
            times=times,
            calls=min(tally.uses.values(), default=1) if tally.box.kind is BoxKind.MODULE else 1,
            nodes=tally.nodes,
            parameters=len(known),
            numel=sum(parameter.numel for parameter in known),
            verdicts=tally.box.verdicts or tuple((verdict, verdicts[verdict]) for verdict in Verdict if verdicts[verdict]),
            partial=sum(parameter.partial for parameter in known),
            marked=tuple(name for name in tally.names if name in self._marks),
            shape=None if single else tally.box.shape,
        )
