"""From a graph of any size to a small one that says the same.

Modules as boxes, repetition as ``×32``. Pure, linear, no recursion.

The shallowest modules are opened as long as the boxes stay within a budget. Numbered siblings that
are alike, verdicts and cuts included, are told once, so that the one frozen or severed block stands
out. What runs again and again on one line is told once too, and operations that follow each other
without a branch are told in one box. Three things are never folded away: the loss, what severs, and
whether gradient passes between two boxes.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from gradviz.folding.boxes import BUDGET, SHARED_USES, Box, BoxKind, Folded, Frame, Link
from gradviz.folding.drawn import box_of, links_of, mark_of, tensor_of
from gradviz.folding.flow import Flow, Passing
from gradviz.folding.modules import Module, Modules, Room, Rooms
from gradviz.folding.once import modules_of
from gradviz.folding.opening import ABSENT, NodeKey, node_keys, open_rooms
from gradviz.folding.stages import stages_of
from gradviz.folding.stretches import stretched
from gradviz.graph import Edge, Graph, Node, NodeKind, Parameter, Place, Verdict

LINKS = 3  # to a box, on average, that can still be followed


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
    modules = (
        Modules(Flow(graph, parameters), parameters, open, marks)
        if open
        else modules_of(graph, parameters, marks)
    )
    flow = modules.flow
    keys = node_keys(flow, modules)

    def drawn(budget: int, *, staged: bool = True) -> tuple[Folded, bool]:
        rooms = Rooms(modules)
        closed = open_rooms(rooms, keys, flow, modules, budget, depth)
        stages = stages_of(flow, modules, rooms, keys) if staged else {}
        return _Drawing(flow, modules, rooms, keys, parameters, stages, marks).folded(closed), bool(
            stages
        )

    for quarters in (4, 3, 2, 1):
        folded, is_staged = drawn(budget * quarters // 4)
        if not is_staged or (
            len(folded.boxes) <= budget + budget // 2
            and len(folded.links) <= LINKS * len(folded.boxes)
        ):
            return stretched(folded)
    return stretched(drawn(budget, staged=False)[0])


@dataclass(slots=True, eq=False)
class _Tally:
    """A box while it is being filled."""

    room: Room
    box: Box
    frame: Room
    nearest: tuple[int, int] = (1 << 62, 0)
    node: Node | None = None  # the first
    nodes: int = 0
    names: list[str] = field(default_factory=list)
    # How often parameters are used in it, by their nodes
    uses: Counter[int] = field(default_factory=Counter)


class _End(NamedTuple):
    """Where edges begin or end: all that decides how they are drawn, but for what passes."""

    tally: _Tally
    module: Module
    tensor: int  # its node, where it is one; else -1


class _Drawing:
    """Sorts every node and every edge into the boxes and links of the opened rooms."""

    def __init__(
        self,
        flow: Flow,
        modules: Modules,
        rooms: Rooms,
        keys: Sequence[NodeKey],
        parameters: Mapping[str, Parameter],
        stages: Mapping[int, Room],
        marks: Mapping[str, str],
    ) -> None:
        self._flow, self._modules, self._rooms, self._keys, self._parameters = (
            flow,
            modules,
            rooms,
            keys,
            parameters,
        )
        self._stages, self._marks = stages, marks
        self._pruned_rooms = self._all_pruned() if any(flow.pruned) else frozenset[Room]()
        self._tallies: dict[Hashable, _Tally] = {}
        self._links: Counter[tuple[_Tally, _Tally, Passing]] = Counter()

    def folded(self, closed: tuple[str, ...]) -> Folded:
        tallies = [self._sort(node) for node in self._flow.nodes]
        for module in self._modules.all:
            for name in module.absent:
                self._sort_absent(name, self._rooms.of[module])
        _mark_tied(self._tallies, self._rooms, self._parameters)
        self._connect(tallies)
        return self._finish(closed)

    def _tally(self, key: Hashable, room: Room, box: Box) -> _Tally:
        tally = self._tallies.get(key)
        if tally is None:
            frame = room if room.is_open else room.parent or room
            tally = self._tallies[key] = _Tally(room, box, frame)
        return tally

    def _sort(self, node: Node) -> _Tally:
        room = self._rooms.of[self._modules.of[node.index]].shown
        # A parameter that another module uses too is drawn where its own module is, all the same
        pruned = self._flow.pruned[node.index] or room in self._pruned_rooms
        cuts = self._flow.cut_nodes.get(node.index)
        key: Hashable
        if node.kind is NodeKind.LOSS:
            key = "loss", node.index
        elif cuts is not None:
            key = "cut", node.severs, cuts, room
        elif not room.is_open:
            key = "module", room, pruned
        else:
            key = self._keys[node.index][room.spread], room, self._stages.get(node.index)
        tally = self._tallies.get(key)
        if tally is None:  # the first of what may be most of a large graph
            tally = self._tally(key, room, self._first(node, room, cuts, pruned=pruned))
        tally.nodes += 1
        tally.node = tally.node or node
        tally.nearest = min(tally.nearest, (self._flow.distance[node.index], node.index))
        if node.kind is NodeKind.PARAMETER:
            tally.names.append(node.name)
        return tally

    def _all_pruned(self) -> frozenset[Room]:
        """Return the closed rooms that a cut prunes, with all operations in them."""
        pruned: dict[Room, bool] = {}
        for node in self._flow.nodes:
            room = self._rooms.of[self._modules.of[node.index]].shown
            if node.kind is NodeKind.OPERATION and not room.is_open:
                pruned[room] = pruned.get(room, True) and self._flow.pruned[node.index]
        return frozenset(room for room, is_pruned in pruned.items() if is_pruned)

    def _first(self, node: Node, room: Room, cuts: tuple[int, ...] | None, *, pruned: bool) -> Box:
        """Return the box that a node begins."""
        if node.kind is NodeKind.LOSS:
            return box_of(node, None, path="", pruned=pruned)
        if cuts is not None:
            return mark_of(node, node.severs, cuts)
        if room.is_open:
            return self._own(node, room, pruned)
        kind, name = BoxKind.MODULE, room.class_name
        return Box(kind=kind, path=room.path, class_name=name, pruned=pruned)

    @staticmethod
    def _own(node: Node, room: Room, pruned: bool) -> Box:
        """Return the box of a node that lies in an opened module itself."""
        match node.kind:
            case NodeKind.PARAMETER:
                last = node.name.rpartition(".")[2] if room.spread == 0 else "*"
                return Box(
                    kind=BoxKind.PARAMETER,
                    path=f"{room.path}.{last}".lstrip("."),
                    shape=node.shape,
                    pruned=pruned,
                )
            case NodeKind.LEAF:
                verdicts = ((tensor_of(node, {})[1], 1),)
                return Box(
                    kind=BoxKind.LEAF,
                    path=node.name,
                    shape=node.shape,
                    verdicts=verdicts,
                    pruned=pruned,
                )
            case _ if room.spread == 0:
                return box_of(node, None, path=room.path, pruned=pruned)
            case _:
                function = node.place.function if node.place and room.spread == 1 else ""
                return Box(kind=BoxKind.MODULE, path=room.path, operation=function, pruned=pruned)

    def _sort_absent(self, name: str, room: Room) -> None:
        """Put a parameter that did not go into the loss where its module is."""
        shown = room.shown
        if shown.is_open:
            last = name.rpartition(".")[2] if shown.spread == 0 else "*"
            key: Hashable = (
                ("parameter", last, False) if shown.spread == 0 else ABSENT,
                shown,
                None,
            )
            box = Box(
                kind=BoxKind.PARAMETER,
                path=f"{shown.path}.{last}".lstrip("."),
                shape=self._parameters[name].shape,
            )
        else:
            key = next(
                (
                    key
                    for side in (False, True)
                    if (key := ("module", shown, side)) in self._tallies
                ),
                ("module", shown, False),
            )
            box = Box(kind=BoxKind.MODULE, path=shown.path, class_name=shown.class_name)
        self._tally(key, shown, box).names.append(name)

    def _connect(self, tallies: Sequence[_Tally]) -> None:
        ends, alike = _alike(self._flow, self._modules, tallies)
        mains = self._mains([(ends[source], ends[target]) for source, target, _ in alike])
        apart: dict[tuple[Module, Module], bool] = {}
        for (begin, end, passing), count in alike.items():
            source, target = ends[begin].tally, ends[end].tally
            tensor = ends[begin].tensor
            if tensor >= 0:
                target.uses[tensor] += count
                if source is not target and mains.get(source, target) is not target:
                    source = self._stub(source, target, self._flow.nodes[tensor])
            if isinstance(passing, Edge):
                way, mark = self._flow.way(passing), self._mark(passing)
            else:
                way, mark = passing, None
                between = ends[begin].module, ends[end].module
                if source is not target and between not in apart:
                    apart[between] = self._rooms.apart(*between)
                if source is not target and apart[between]:
                    continue
            for link in links_of(source, target, way, mark):
                self._links[link] += count

    def _mains(self, lines: Iterable[tuple[_End, _End]]) -> dict[_Tally, _Tally]:
        """Return the one box that parameters with many uses have a line to; the others get
        stubs.
        """
        users: dict[_Tally, dict[_Tally, None]] = {}
        for source, target in lines:
            if source.tensor >= 0 and source.tally is not target.tally:
                users.setdefault(source.tally, {})[target.tally] = None
        mains: dict[_Tally, _Tally] = {}
        for tally, targets in users.items():
            if tally.box.kind is BoxKind.MODULE:
                # Seen as a part of its module, so that every use from elsewhere gets a stub
                mains[tally] = tally
            elif len(targets) > SHARED_USES:
                mains[tally] = min(targets, key=lambda target: target.nearest)
        return mains

    def _stub(self, home: _Tally, user: _Tally, node: Node) -> _Tally:
        """Draw a parameter again beside one of its uses, and return that box."""
        key = ("stub", home.room, node.kind, user)
        kind = BoxKind.LEAF if node.kind is NodeKind.LEAF else BoxKind.PARAMETER
        stub = self._tallies.get(key)
        if stub is None:
            stub = self._tallies[key] = _Tally(
                home.room,
                Box(kind=kind, path=node.name, shape=node.shape, pruned=user.box.pruned, stub=True),
                user.frame,
            )
        stub.nearest = min(stub.nearest, (user.nearest[0] + 1, node.index))
        stub.node = stub.node or node
        if node.name not in stub.names:
            stub.names.append(node.name)
            stub.nodes += 1
        return stub

    def _mark(self, edge: Edge) -> _Tally:
        """Return the mark of what severs on an edge."""
        node, cuts = self._flow.marked(edge), self._flow.cut_edges[edge]
        room = self._rooms.of[self._modules.of[node.index]].shown
        kind = edge.severed or node.severs
        tally = self._tally(("cut", kind, cuts, room), room, mark_of(node, kind, cuts))
        tally.node = tally.node or node
        tally.nodes += node.index not in tally.uses  # a value may leave by several edges
        tally.uses[node.index] += 1
        tally.nearest = min(tally.nearest, (self._flow.distance[edge.target], edge.target))
        return tally

    def _finish(self, closed: tuple[str, ...]) -> Folded:
        opened = [
            room
            for room in self._rooms.all
            if room.is_open and room.shown is room and room.parent is not None
        ]
        frames = {room: number for number, room in enumerate(opened)}
        order = sorted(self._tallies.values(), key=self._position)
        boxes = [self._box(tally, frames) for tally in order]
        numbers = {tally: number for number, tally in enumerate(order)}
        links: dict[tuple[int, int], dict[Passing, int]] = {}
        for (source, target, way), count in self._links.items():
            links.setdefault((numbers[source], numbers[target]), {})[way] = count
        return Folded(
            boxes=tuple(boxes),
            links=tuple(
                Link(
                    source=source,
                    target=target,
                    way=next(way for way in Passing if way in ways),
                    edges=sum(ways.values()),
                )
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
        return (
            box.kind is not BoxKind.LOSS,
            tally.nearest[0],
            box.kind,
            box.path,
            box.operation,
            place,
            box.pruned,
            tally.nearest[1],
        )

    def _box(self, tally: _Tally, frames: Mapping[Room, int]) -> Box:
        members = [self._parameters[name] for name in tally.names if name in self._parameters]
        verdicts = Counter(parameter.verdict for parameter in members)
        single = (
            tally.box.kind is BoxKind.PARAMETER
            and len(set(tally.names)) != len(tally.frame.members)
            and len(members) > 1
        )
        siblings = len(tally.frame.members)
        if tally.box.kind is BoxKind.MODULE:
            times = tally.room.modules if not tally.room.is_open else 1
        elif tally.box.kind is BoxKind.OPERATION:
            times = max(1, tally.nodes // siblings)
        else:
            times = 1
        return replace(
            tally.box,
            frame=frames.get(tally.frame),
            times=times,
            calls=min(tally.uses.values(), default=1) if tally.box.kind is BoxKind.MODULE else 1,
            node=tally.node if tally.nodes == 1 else None,
            nodes=tally.nodes,
            parameters=len(members),
            numel=sum(parameter.numel for parameter in members),
            verdicts=tally.box.verdicts
            or tuple((verdict, verdicts[verdict]) for verdict in Verdict if verdicts[verdict]),
            partial=sum(parameter.partial for parameter in members),
            marked=tuple(name for name in tally.names if name in self._marks),
            shape=None if single else tally.box.shape,
        )


def _alike(
    flow: Flow, modules: Modules, tallies: Sequence[_Tally]
) -> tuple[list[_End], Counter[tuple[int, int, Passing | Edge]]]:
    """Return where edges begin and end, and how many are alike: the numbers of both ends, and
    what passes. An edge on which something severs is told by itself.
    """
    numbers: dict[_End, int] = {}
    tensors = (NodeKind.PARAMETER, NodeKind.LEAF)
    end_of = [
        numbers.setdefault(
            _End(tally, module, node.index if node.kind in tensors else -1), len(numbers)
        )
        for tally, module, node in zip(tallies, modules.of, flow.nodes, strict=True)
    ]
    alike: Counter[tuple[int, int, Passing | Edge]] = Counter()
    severed = flow.cut_edges
    targets = {edge.target for edge in severed}
    for edge in flow.edges:
        is_severed = edge.target in targets and edge in severed
        passing = edge if is_severed else flow.way(edge)
        alike[end_of[edge.source], end_of[edge.target], passing] += 1
    return list(numbers), alike


def _mark_tied(
    tallies: Mapping[Hashable, _Tally], rooms: Rooms, parameters: Mapping[str, Parameter]
) -> None:
    """Give a closed module that holds only parameters drawn elsewhere their verdicts."""
    by_path = {module.path: room for module, room in rooms.of.items()}
    tied: dict[Hashable, Counter[Verdict]] = {}
    for parameter in parameters.values():
        for name in parameter.names[1:]:
            room = by_path.get(name.rpartition(".")[0])
            key: Hashable = ("module", room and room.shown, False)
            if key in tallies and not tallies[key].names:
                tied.setdefault(key, Counter())[parameter.verdict] += 1
    for key, verdicts in tied.items():
        tally = tallies[key]
        counts = tuple((verdict, verdicts[verdict]) for verdict in Verdict if verdicts[verdict])
        tally.box = replace(tally.box, verdicts=counts)
