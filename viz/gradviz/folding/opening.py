"""Which modules are opened, as long as the boxes stay within a budget.

First those in which no gradient arrives, then the others, of each the shallowest first; then those
on the way to what severs, for which there may be half as many boxes more. A module that is no part
of the loss stays closed.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from gradviz.folding.concern import Concern, Waiting, concern_of, family_of
from gradviz.folding.flow import Flow
from gradviz.folding.modules import Modules, Room, Rooms
from gradviz.graph import Node, NodeKind, Place, Verdict
from gradviz.system.grouped import grouped

FEW = 8  # nodes of an opened module that are drawn one by one in any case
LOOPED = 4  # nodes of one line and one call that are drawn one by one; more are a loop

ABSENT = ("parameters", Verdict.UNUSED, False)  # the rough key of parameters that the graph lacks


class NodeKey(NamedTuple):
    """What nodes of a module are grouped by, from fine to coarse.

    Those that correspond in equal modules have the same.
    """

    exact: Hashable
    by_function: Hashable
    own: Hashable


def node_keys(flow: Flow, modules: Modules) -> list[NodeKey]:
    """Return the key of every node."""
    keys: list[NodeKey] = [NodeKey("", "", "")] * len(flow.nodes)
    for module in modules.all:
        alike: dict[Hashable, list[int]] = {}
        for index in module.nodes:
            node, pruned = flow.nodes[index], flow.pruned[index]
            if node.kind is NodeKind.PARAMETER or node.kind is NodeKind.LEAF:
                keys[index] = _key_of_tensor(node, pruned)
            else:
                place = node.place or Place("", 0)
                alike.setdefault((modules.label[index], place.file, place.line), []).append(index)
        for kind, indices in alike.items():
            indices.sort(key=lambda index: (flow.distance[index], index))
            is_loop = len(indices) > LOOPED
            for number, index in enumerate(indices):
                place, pruned = flow.nodes[index].place or Place("", 0), flow.pruned[index]
                exact = ("one", kind, 0 if is_loop else number)
                keys[index] = NodeKey(
                    exact, ("function", place.file, place.function, pruned), ("own", pruned)
                )
    return keys


def _key_of_tensor(node: Node, pruned: bool) -> NodeKey:
    if node.kind is NodeKind.PARAMETER:
        rough = ("parameters", node.verdict, pruned)
        return NodeKey(("parameter", node.name.rpartition(".")[2], pruned), rough, rough)
    rough = ("leaves", node.verdict, pruned)
    return NodeKey(("leaf", node.name, node.shape, pruned), rough, rough)


def open_rooms(
    rooms: Rooms,
    keys: Sequence[NodeKey],
    flow: Flow,
    modules: Modules,
    budget: int,
    depth: int | None,
) -> tuple[str, ...]:
    """Open rooms, those in which no gradient arrives first, and the shallowest of them.

    Return the paths of those looked at that could be opened further.

    Args:
        rooms: What to open; each says afterwards whether it is.
        keys: Of every node.
        flow: What severs, and the verdicts.
        modules: Which module each node lies in.
        budget: How many boxes there may be.
        depth: The deepest rooms to open, whatever the budget; None for as deep as it allows.
    """
    severing = {edge.target for edge in flow.cut_edges} | flow.cut_nodes.keys()
    concerns = _concerns(rooms, flow, modules, severing)
    opening = _Opening(rooms, keys, modules, budget, depth, concerns)
    return opening.run([rooms.of[modules.of[index]] for index in sorted(severing)])


def _concerns(rooms: Rooms, flow: Flow, modules: Modules, severing: Set[int]) -> dict[str, Concern]:
    """Return the greatest concern of each family of rooms, by its name."""
    of_rooms = dict.fromkeys(rooms.all, Concern.IDLE)
    for index, module in enumerate(modules.of):
        room = rooms.of[module]
        if of_rooms[room] < Concern.SEVERS:
            node = flow.nodes[index]
            is_marked = node.kind is NodeKind.PARAMETER and node.name in modules.marks
            concern = concern_of(node.verdict, severs=index in severing, fails=is_marked)
            of_rooms[room] = max(of_rooms[room], concern)
    of_families: dict[str, Concern] = {}
    for room in reversed(rooms.all):
        if room.parent is not None:
            of_rooms[room.parent] = max(of_rooms[room.parent], of_rooms[room])
        family = family_of(room.path)
        of_families[family] = max(of_families.get(family, Concern.IDLE), of_rooms[room])
    return of_families


class _Opening:
    """Opens rooms and counts the boxes that there are by then."""

    def __init__(
        self,
        rooms: Rooms,
        keys: Sequence[NodeKey],
        modules: Modules,
        budget: int,
        depth: int | None,
        concerns: Mapping[str, Concern],
    ) -> None:
        self._rooms, self._budget, self._depth = rooms, budget, depth
        self._concerns = concerns
        self._own = _own_keys(rooms, keys, modules)
        self._count = 1
        self._visited: list[Room] = []
        self._waiting: Waiting[Room] = Waiting(lambda room: room.path, self._concern, self._rank)

    def run(self, severing: Iterable[Room]) -> tuple[str, ...]:
        self._open_wanted()
        for _, family in self._waiting:
            self._open_family(family)
        if self._depth is None:
            self._open_ways(severing)
        for is_open in (True, False):
            for is_well in (False, True):
                for level in range(max(room.depth for room in self._visited) + 1):
                    self._spread(level, is_open=is_open, is_well=is_well)
        for room in self._rooms.all:
            if room.parent is not None and not room.parent.shown.is_open:
                room.shown = room.parent.shown
        in_order = sorted(self._visited, key=lambda room: (room.depth, room.path))
        return tuple(room.path for room in in_order if not room.is_open)

    def _open_wanted(self) -> None:
        """Open what was asked for, whatever the budget is, and before the rest has taken it."""
        wanted = [self._rooms.root]
        for room in wanted:  # grows on the way
            self._look_at(room)
            self._open(room)
            wanted += (child for child in room.children if child.is_wanted)
        for opened in grouped((room.depth, room) for room in wanted).values():
            self._let_wait(opened)

    def _open_family(self, family: list[Room]) -> None:
        parents = [room for room in family if room.children]
        are_opened = bool(parents) and self._is_allowed(parents, sum(map(self._cost, parents)))
        opened = [
            room for room in family if (are_opened if room.children else self._boxes(room, 0) < 2)
        ]
        for room in opened:
            self._open(room)
        self._let_wait(opened)

    def _open_ways(self, severing: Iterable[Room]) -> None:
        """Open the rooms around what severs, also where their siblings stay closed."""
        for inner in severing:
            way = [inner]
            while (outer := way[-1].parent) is not None:
                way.append(outer)
            for room in reversed(way):
                if not room.is_open:
                    if self._count + self._cost(room) > self._budget + self._budget // 2:
                        break
                    self._open(room)
                    for child in room.children:
                        self._look_at(child)

    def _let_wait(self, opened: list[Room]) -> None:
        """Look at what is in rooms of one depth that were opened, all of them together."""
        inner = [child for room in opened for child in room.children if not child.is_wanted]
        for room in inner:
            self._look_at(room)
        if inner:
            self._waiting.add(inner[0].depth, inner)

    def _concern(self, room: Room) -> Concern:
        """Return how much a reader has to see of a room: of a depth that was asked for, all."""
        concern = self._concerns[family_of(room.path)]
        return concern if self._depth is None else max(concern, Concern.WELL)

    def _rank(self, family: list[Room]) -> tuple[bool, int]:
        """Return the key by which rooms open: first what has rooms in it, the smallest first."""
        parents = [room for room in family if room.children]
        return not parents, sum(map(self._cost, parents))

    def _spread(self, level: int, *, is_open: bool, is_well: bool) -> None:
        """Spend what is left of the budget on a whole depth at once.

        Finer where rooms are open, else on what has no room in it.
        """
        rooms = [
            room
            for room in self._visited
            if room.depth == level
            and room.is_open is is_open
            and (self._concern(room) < Concern.AILING) is is_well
            and (is_open or self._concern(room) is not Concern.IDLE)
        ]
        coarse = [room for room in rooms if (room.spread if is_open else not room.children)]
        if not coarse or self._boxes(coarse[0], 0) > self._budget:
            return
        more = sum(
            self._boxes(room, 0) - (self._boxes(room, room.spread) if is_open else 1)
            for room in coarse
        )
        if self._is_allowed(coarse, more):
            self._count += more
            for room in coarse:
                room.is_open, room.spread = True, 0

    def _look_at(self, room: Room) -> None:
        """Decide how coarsely the room's own nodes are drawn once it is open."""
        exactly, is_forced = self._boxes(room, 0), room is self._rooms.root or room.is_wanted
        fits = exactly <= FEW or (is_forced and self._count + exactly <= self._budget)
        room.spread = 0 if fits else 1 if room is self._rooms.root else 2
        if room.spread == 1 and self._boxes(room, 1) > self._budget:
            room.spread = 2
        self._visited.append(room)

    def _open(self, room: Room) -> None:
        room.is_open = True
        self._count += self._cost(room)

    def _boxes(self, room: Room, spread: int) -> int:
        """Return how many boxes the room's own nodes take."""
        return len(self._own[room][spread])

    def _cost(self, room: Room) -> int:
        """Return how many boxes more there are once it is open."""
        return self._boxes(room, room.spread) + len(room.children) - 1

    def _is_allowed(self, rooms: list[Room], boxes: int) -> bool:
        return (
            self._count + boxes <= self._budget
            if self._depth is None
            else rooms[0].depth <= self._depth
        )


def _own_keys(
    rooms: Rooms, keys: Sequence[NodeKey], modules: Modules
) -> dict[Room, tuple[set[Hashable], ...]]:
    """Return for every room the keys of its own nodes, at each coarseness."""
    own: dict[Room, tuple[set[Hashable], ...]] = {room: (set(), set(), set()) for room in rooms.all}
    for index, module in enumerate(modules.of):
        _add(own[rooms.of[module]], keys[index])
    for module in modules.all:
        for name in module.absent:
            exact = ("parameter", name.rpartition(".")[2], False)
            _add(own[rooms.of[module]], NodeKey(exact, ABSENT, ABSENT))
    return own


def _add(sets: tuple[set[Hashable], ...], key: NodeKey) -> None:
    for members, part in zip(sets, key, strict=True):
        members.add(part)
