"""From a graph of any size to a small one that says the same: modules as boxes, repetition as ``×32``. Pure, linear, no recursion.

The shallowest modules are opened as long as the boxes stay within a budget. Numbered siblings that are alike, verdicts and cuts included,
are told once, so that the one frozen or severed block stands out. What runs again and again on one line is told once too. Three things are
never folded away: the loss, what severs, and whether gradient passes between two boxes.
"""

import heapq
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import pairwise

from gradviz.graph import GRAD_MODES, Edge, Graph, Node, NodeKind, Parameter, Place, Verdict

BUDGET = 100  # boxes
FEW = 8  # nodes of an opened module that are told one by one in any case
LOOPED = 4  # nodes of one line and one call that are told one by one; more are a loop
SHARED_USES = 4  # boxes that a parameter may have a line to; more get a stub each
LONGEST_PERIOD = 8  # of siblings that take turns


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How much of a graph is shown. Read-only.

    Attributes:
        budget: Modules are opened, the shallowest first, while there are at most so many boxes.
        depth: Open modules down to this depth and no further, whatever the budget: 0 shows the outermost modules as boxes.
        open: Patterns of modules to open in any case: ``"layers.3"``, ``"layers.3.*"``. The path may begin further out than the pattern.
    """

    budget: int = BUDGET
    depth: int | None = None
    open: tuple[str, ...] = ()

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


class Way(StrEnum):
    """What passes between two boxes; of several, the first of these is told."""

    GRADIENT = "gradient"  # the value goes one way, the gradient the other
    SEVERED = "severed"  # the value alone, from a cut
    PRUNED = "pruned"  # inside what a cut prunes, or into the cut
    FROZEN = "frozen"  # the value of a frozen parameter
    VALUE = "value"  # a value that needs no gradient


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One thing to draw. Read-only.

    Attributes:
        kind: See :class:`BoxKind`.
        path: Module path, ``"model.layers.0..31.mlp"``; of a parameter its name.
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
    """

    kind: BoxKind
    path: str = ""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A module that was opened: its boxes stand in this frame. Read-only.

    Attributes:
        path: Module path, ``"model.layers.0..31"``.
        parent: Index of the frame around it; None at the top.
        calls: How often the module ran, as its own parameters tell.
        times: How many equal siblings are told as this one, altogether.
        modules: How many siblings of one run; 1 where it is no run.
    """

    path: str
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
) -> Folded:
    """Return ``graph`` in about ``budget`` boxes.

    Args:
        graph: As the analysis marked it.
        parameters: Every parameter of the model by name; those that the graph lacks get boxes too.
        budget, depth, open: As in :class:`View`.
    """
    flow = _Flow(graph)
    modules = _Modules(flow, parameters, open)
    rooms = _Rooms(modules)
    names = _names(flow, modules)
    closed = _open(rooms, names, modules, budget, depth)
    return _Drawing(flow, modules, rooms, names, parameters).folded(closed)


class _Flow:
    """The graph, with what follows from it for every node."""

    def __init__(self, graph: Graph) -> None:
        self.nodes, self.edges = graph.nodes, graph.edges
        self.into: list[list[Edge]] = [[] for _ in graph.nodes]
        self.out: list[list[Edge]] = [[] for _ in graph.nodes]
        for edge in graph.edges:
            self.into[edge.target].append(edge)
            self.out[edge.source].append(edge)
        self.distance = self._distances()
        self.pruned = self._sides()
        self.cut_nodes, self.cut_edges = self._cuts()

    def _distances(self) -> list[int]:
        """The longest way to the loss, in edges."""
        distance, waiting = [0] * len(self.nodes), [len(edges) for edges in self.out]
        ready = [index for index, count in enumerate(waiting) if not count]
        while ready:
            target = ready.pop()
            for edge in self.into[target]:
                distance[edge.source] = max(distance[edge.source], distance[target] + 1)
                waiting[edge.source] -= 1
                if not waiting[edge.source]:
                    ready.append(edge.source)
        return distance

    def _sides(self) -> list[bool]:
        """Whether a node belongs to what a cut prunes; what wants no gradient goes with what uses it."""
        pruned = [node.pruned and node.verdict is not Verdict.FROZEN for node in self.nodes]
        alive = [sum(not pruned[edge.target] for edge in edges) for edges in self.out]

        def follows(index: int) -> bool:
            node = self.nodes[index]
            return not (pruned[index] or alive[index] or node.kind is NodeKind.LOSS or not self.out[index]) and (
                not node.requires_grad or node.verdict is Verdict.FROZEN
            )

        ready = [index for index in range(len(pruned)) if follows(index)]
        while ready:
            target = ready.pop()
            pruned[target] = True
            for edge in self.into[target]:
                alive[edge.source] -= 1
                if follows(edge.source):
                    ready.append(edge.source)
        return pruned

    def _cuts(self) -> tuple[dict[int, tuple[int, ...]], dict[Edge, tuple[int, ...]]]:
        """The nodes that sever, and the edges where neither end does, with the cuts that they stand for.

        What is done to a stretch of code, such as ``no_grad``, is marked where a value leaves it.
        """
        inside = [node.severs in GRAD_MODES for node in self.nodes]
        nodes: dict[int, set[int]] = {}
        edges: dict[Edge, set[int]] = {}
        region = list(range(len(self.nodes)))

        def find(index: int) -> int:
            while region[index] != index:
                region[index] = index = region[region[index]]
            return index

        for edge in self.edges:
            if inside[edge.source] and inside[edge.target]:
                region[find(edge.source)] = find(edge.target)
        of_region: dict[int, set[int]] = {}
        for edge in self.edges:
            if edge.cut is None or edge.severed is None:
                continue
            if inside[edge.target]:
                of_region.setdefault(find(edge.target), set()).add(edge.cut)
            elif self.nodes[edge.target].severs is not None:
                nodes.setdefault(edge.target, set()).add(edge.cut)
            else:
                edges.setdefault(edge, set()).add(edge.cut)
        for edge in self.edges:
            if inside[edge.source] and not inside[edge.target] and not edge.gradient and edge.target not in nodes and edge not in edges:
                found = of_region.get(find(edge.source))
                if found:
                    edges[edge] = found
        told = {cut for cuts in (*nodes.values(), *edges.values()) for cut in cuts}
        for edge in self.edges:
            if edge.cut is not None and edge.cut not in told:
                edges.setdefault(edge, set()).add(edge.cut)
        return ({index: tuple(sorted(cuts)) for index, cuts in nodes.items()}, {edge: tuple(sorted(cuts)) for edge, cuts in edges.items()})

    def way(self, edge: Edge) -> Way:
        """What passes along an edge on which nothing severs."""
        source, target = self.nodes[edge.source], self.nodes[edge.target]
        if edge.gradient:
            return Way.PRUNED if source.pruned or target.pruned else Way.GRADIENT
        if source.verdict is Verdict.FROZEN or (source.kind is not NodeKind.OPERATION and not source.requires_grad):
            return Way.FROZEN
        cut = edge.source in self.cut_nodes
        if edge.severed or source.pruned:
            return Way.SEVERED if cut and not target.pruned else Way.PRUNED
        return Way.SEVERED if cut else Way.VALUE


class _Module:
    """A module of the model."""

    __slots__ = ("absent", "children", "contents", "depth", "name", "nodes", "parent", "path", "turn", "wanted")

    def __init__(self, name: str, parent: "_Module | None") -> None:
        self.name, self.parent = name, parent
        self.path: str = f"{parent.path}.{name}" if parent is not None and parent.path else name
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.children: dict[str, _Module] = {}
        self.nodes: list[int] = []
        self.absent: list[str] = []  # parameters that the graph lacks
        self.contents: Counter[Hashable] = Counter()  # by which it is equal to another
        self.wanted = False  # a pattern names it, or a module in it
        self.turn = 0  # which repetition of a run of siblings it belongs to


class _Modules:
    """The tree of modules, and what tells two of them apart."""

    def __init__(self, flow: _Flow, parameters: Mapping[str, Parameter], patterns: Sequence[str]) -> None:
        self.root = _Module("", None)
        self._by_path = {"": self.root}
        self.of = [self._at(_scope(node, flow, parameters)) for node in flow.nodes]
        for index, module in enumerate(self.of):
            module.nodes.append(index)
        drawn = {node.name for node in flow.nodes if node.kind is NodeKind.PARAMETER}
        for name in parameters:
            if name not in drawn:
                self._at(name.rpartition(".")[0]).absent.append(name)
        self.all = list(self._by_path.values())  # a parent before its children
        self._want(patterns)
        self.label = _labels(flow, parameters)
        self._find_contents(flow, parameters)
        self.equal = self._classes()

    def _at(self, path: str) -> _Module:
        module = self._by_path.get(path)
        if module is None:
            module, walked = self.root, ""
            for name in path.split("."):
                walked = f"{walked}.{name}" if walked else name
                if walked not in self._by_path:
                    self._by_path[walked] = module.children[name] = _Module(name, module)
                module = self._by_path[walked]
        return module

    def _want(self, patterns: Sequence[str]) -> None:
        anywhere = [each for pattern in patterns for each in (pattern, f"*.{pattern}")]
        for module in reversed(self.all) if patterns else ():
            if any(fnmatchcase(module.path, pattern) for pattern in anywhere):
                module.wanted = True
                module.contents["wanted"] += 1
            if module.wanted and module.parent is not None:
                module.parent.wanted = True

    def _find_contents(self, flow: _Flow, parameters: Mapping[str, Parameter]) -> None:
        for module in self.all:
            module.contents.update(self.label[index] for index in module.nodes)
            for name in module.absent:
                parameter = parameters[name]
                module.contents[name.rpartition(".")[2], parameter.shape, parameter.verdict] += 1
        meetings: dict[tuple[_Module, _Module], tuple[_Module, str, str]] = {}
        for edge in flow.edges:
            source, target = self.of[edge.source], self.of[edge.target]
            here, above, below = meetings.get((source, target)) or meetings.setdefault((source, target), _meeting(source, target))
            passes = edge.gradient, edge.severed, edge.cut
            here.contents[above, self.label[edge.source], below, self.label[edge.target], passes] += 1
            if (
                here is not target and edge.severed is not None
            ):  # what else comes in from outside is of no account: the first has no such input
                target.contents[self.label[edge.target], passes] += 1

    def _classes(self) -> dict[_Module, int]:
        """A number for every module; equal modules have the same."""
        numbers: dict[Hashable, int] = {}
        equal: dict[_Module, int] = {}
        for module in reversed(self.all):
            inside = frozenset((name, equal[child]) for name, child in module.children.items())
            equal[module] = numbers.setdefault((frozenset(module.contents.items()), inside), len(numbers))
        return equal


def _scope(node: Node, flow: _Flow, parameters: Mapping[str, Parameter]) -> str:
    if node.kind is NodeKind.PARAMETER and node.name in parameters:
        return node.name.rpartition(".")[0]
    if node.kind is NodeKind.LEAF and not node.scope and flow.out[node.index]:
        nearest = min(flow.out[node.index], key=lambda edge: (flow.distance[edge.target], edge.target))
        return flow.nodes[nearest.target].scope
    return node.scope


def _labels(flow: _Flow, parameters: Mapping[str, Parameter]) -> list[int]:
    """A number for every node; nodes that look alike have the same."""
    numbers: dict[Hashable, int] = {}
    labels = []
    for node in flow.nodes:
        looks: list[Hashable] = [node.kind, node.operation, node.requires_grad, node.severs, node.verdict, flow.pruned[node.index]]
        if node.kind is not NodeKind.OPERATION:
            parameter = parameters.get(node.name)
            looks += [node.name.rpartition(".")[2], node.shape, parameter and (parameter.verdict, parameter.partial, parameter.optimized)]
        labels.append(numbers.setdefault(tuple(looks), len(numbers)))
    return labels


def _meeting(source: _Module, target: _Module) -> tuple[_Module, str, str]:
    """The innermost module that holds both, and the path to each from there."""
    a, b = source, target
    while a is not b:
        if a.depth >= b.depth and a.parent is not None:
            a = a.parent
        elif b.parent is not None:
            b = b.parent
    return a, source.path[len(a.path) :], target.path[len(a.path) :]


class _Room:
    """A module, or a run of equal siblings, on its way to becoming a box or a frame."""

    __slots__ = ("children", "depth", "is_open", "members", "modules", "parent", "path", "run", "shown", "spread")

    def __init__(self, name: str, parent: "_Room | None", members: list[_Module], modules: int = 1, run: int = 0) -> None:
        self.parent, self.members, self.modules = parent, members, modules
        self.path: str = f"{parent.path}.{name}" if parent is not None and parent.path else name
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.run = run  # number of the stretch of siblings that take turns, of which this is one; 0 for none
        self.children: list[_Room] = []
        self.is_open = False
        self.spread = 0  # once open: how coarsely its own nodes are told, an index of a _Name
        self.shown = self  # what is seen of it: itself, or the closed room around it


class _Rooms:
    """The tree of rooms: the tree of modules with equal numbered siblings folded together."""

    def __init__(self, modules: _Modules) -> None:
        self.root = _Room("", None, [modules.root])
        self.of: dict[_Module, _Room] = {modules.root: self.root}
        self.all = [self.root]  # a parent before its children
        self._equal = modules.equal
        self._runs = 0
        for room in self.all:  # grows on the way
            self._furnish(room)
            self.all += room.children

    def _furnish(self, room: _Room) -> None:
        children = room.members[0].children
        numbered = sorted((name for name in children if name.isdecimal()), key=lambda name: (int(name), name))
        for name in sorted(children.keys() - set(numbered)):
            self._add(room, [name], 0)
        for start, period, times in _stretches([self._equal[children[name]] for name in numbered]):
            self._runs += times > 1
            for offset in range(period):
                self._add(room, numbered[start + offset : start + period * times : period], self._runs if times > 1 else 0)

    def _add(self, parent: _Room, names: list[str], run: int) -> None:
        members = []
        for module in parent.members:
            for turn, name in enumerate(names):
                child = module.children[name]
                child.turn = turn
                members.append(child)
        room = _Room(_joined(names), parent, members, len(names), run)
        parent.children.append(room)
        self.of.update((member, room) for member in members)

    def apart(self, source: _Module, target: _Module) -> bool:
        """Whether they stand in different repetitions of one run."""
        a: _Module | None = source
        b: _Module | None = target
        while a is not None and b is not None and a is not b:
            if a.depth > b.depth:
                a = a.parent
            elif b.depth > a.depth:
                b = b.parent
            else:
                if a.parent is b.parent and self.of[a].run and self.of[a].run == self.of[b].run and a.turn != b.turn:
                    return True
                a, b = a.parent, b.parent
        return False


def _stretches(kinds: Sequence[int]) -> Iterable[tuple[int, int, int]]:
    """Split a sequence into runs: where each starts, of how many kinds that take turns, and how often.

    >>> list(_stretches([7, 7, 7, 1, 2, 1, 2, 1, 2, 9]))
    [(0, 1, 3), (3, 2, 3), (9, 1, 1)]
    """
    start = 0
    while start < len(kinds):
        best = (1, 1)
        for period in range(1, LONGEST_PERIOD + 1):
            end = start + period
            while end < len(kinds) and kinds[end] == kinds[end - period]:
                end += 1
            times = (end - start) // period
            if times >= (2 if period == 1 else 3) and period * times > best[0] * best[1]:
                best = period, times
        yield start, *best
        start += best[0] * best[1]


def _joined(names: Sequence[str]) -> str:
    """Say numbered siblings in one name.

    >>> _joined(["3"]), _joined(["0", "1", "2"]), _joined(["0", "2", "4", "6"])
    ('3', '0..2', '0,2..6')
    """
    if len(names) == 1:
        return names[0]
    if all(int(b) - int(a) == 1 for a, b in pairwise(names)):
        return f"{names[0]}..{names[-1]}"
    return ",".join(names) if len(names) == 2 else f"{names[0]},{names[1]}..{names[-1]}"


_Name = tuple[Hashable, Hashable, Hashable]
"""By what a node is told apart from others of its module: exactly, less so, and hardly."""


def _names(flow: _Flow, modules: _Modules) -> list[_Name]:
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


def _open(rooms: _Rooms, names: Sequence[_Name], modules: _Modules, budget: int, depth: int | None) -> tuple[str, ...]:
    """Open rooms, the shallowest first; return the paths of those seen that could be opened further."""
    own: dict[_Room, tuple[set[Hashable], set[Hashable], set[Hashable]]] = {room: (set(), set(), set()) for room in rooms.all}
    for index, module in enumerate(modules.of):
        for found, name in zip(own[rooms.of[module]], names[index], strict=True):
            found.add(name)
    for module in modules.all:
        for name in module.absent:
            last = ("parameter", name.rpartition(".")[2], False)
            for found, key in zip(own[rooms.of[module]], (last, _ABSENT, _ABSENT), strict=True):
                found.add(key)

    def cost(room: _Room) -> int:
        """How many boxes more there are once it is open."""
        return len(own[room][room.spread]) + len(room.children) - 1

    def is_allowed(rooms: list[_Room], boxes: int) -> bool:
        return count + boxes <= budget if depth is None else rooms[0].depth <= depth

    count = 1
    waiting = [(False, 0, "", 0)]  # first what was asked for, then the shallowest
    numbers = {room: number for number, room in enumerate(rooms.all)}
    seen: list[_Room] = []
    while waiting:
        room = rooms.all[heapq.heappop(waiting)[-1]]
        forced = room is rooms.root or room.members[0].wanted
        exactly = len(own[room][0])
        room.spread = 0 if exactly <= FEW or (forced and count + exactly <= budget) else 1 if room is rooms.root else 2
        if room.spread == 1 and len(own[room][1]) > budget:
            room.spread = 2
        if forced or (room.children and is_allowed([room], cost(room))) or (not room.children and exactly < 2):
            room.is_open = True
            count += cost(room)
            for child in room.children:
                heapq.heappush(waiting, (not child.members[0].wanted, child.depth, child.path, numbers[child]))
        seen.append(room)
    # What is left of the budget goes to whole depths at once: one of several equal modules in detail would only seem to be different.
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


_ABSENT = ("parameters", Verdict.UNUSED, False)


@dataclass(slots=True)
class _Tally:
    """A box while it is being filled."""

    room: _Room
    box: Box
    frame: _Room
    nearest: tuple[int, int] = (1 << 62, 0)
    nodes: int = 0
    names: list[str] = field(default_factory=list)
    uses: Counter[int] = field(default_factory=Counter)  # how often parameters are used in it, by their nodes


class _Drawing:
    """Sorts every node and every edge into the boxes and links of the opened rooms."""

    def __init__(self, flow: _Flow, modules: _Modules, rooms: _Rooms, names: Sequence[_Name], parameters: Mapping[str, Parameter]) -> None:
        self._flow, self._modules, self._rooms, self._names, self._parameters = flow, modules, rooms, names, parameters
        self._tallies: dict[Hashable, _Tally] = {}
        self._links: Counter[tuple[Hashable, Hashable, Way]] = Counter()

    def folded(self, closed: tuple[str, ...]) -> Folded:
        keys = [self._sort(node) for node in self._flow.nodes]
        for module in self._modules.all:
            for name in module.absent:
                self._sort_absent(name, self._rooms.of[module])
        self._connect(keys)
        return self._finish(closed)

    def _tally(self, key: Hashable, room: _Room, box: Box) -> _Tally:
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
            key, box = ("module", room, pruned), Box(kind=BoxKind.MODULE, path=room.path, pruned=pruned)
        else:
            name = self._names[node.index][room.spread]
            key, box = (name, room), self._own(node, room, pruned)
        tally = self._tally(key, room, box)
        tally.nodes += 1
        tally.nearest = min(tally.nearest, (self._flow.distance[node.index], node.index))
        if node.kind is NodeKind.PARAMETER:
            tally.names.append(node.name)
        return key

    @staticmethod
    def _own(node: Node, room: _Room, pruned: bool) -> Box:
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

    def _sort_absent(self, name: str, room: _Room) -> None:
        """Put a parameter that did not go into the loss where its module is."""
        shown = room.shown
        if shown.is_open:
            last = name.rpartition(".")[2] if shown.spread == 0 else "*"
            key: Hashable = (("parameter", last, False) if shown.spread == 0 else _ABSENT, shown)
            box = Box(kind=BoxKind.PARAMETER, path=f"{shown.path}.{last}".lstrip("."), shape=self._parameters[name].shape)
        else:
            key = next((key for side in (False, True) if (key := ("module", shown, side)) in self._tallies), ("module", shown, False))
            box = Box(kind=BoxKind.MODULE, path=shown.path)
        self._tally(key, shown, box).names.append(name)

    def _connect(self, keys: Sequence[Hashable]) -> None:
        flow, modules = self._flow, self._modules
        mains = self._mains(keys)
        apart: dict[tuple[_Module, _Module], bool] = {}
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
                self._links[source, mark, way if way is Way.FROZEN else Way.PRUNED] += 1
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
        tally.nodes += 1
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

    def _frame(self, room: _Room, frames: Mapping[_Room, int]) -> Frame:
        flow, of = self._flow, self._modules.of
        module = room.members[0]
        uses = (
            sum(of[edge.target] is module for edge in flow.out[index])
            for index in module.nodes
            if flow.nodes[index].kind is NodeKind.PARAMETER
        )
        return Frame(
            path=room.path,
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

    def _box(self, tally: _Tally, frames: Mapping[_Room, int]) -> Box:
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
            shape=None if single else tally.box.shape,
        )
