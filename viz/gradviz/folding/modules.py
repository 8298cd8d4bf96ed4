"""The tree of the modules that a graph ran, and which of them are alike.

Pure, linear, no recursion.

Two modules are alike if their class is, and what they hold: operations, parameters with their
verdicts, cuts, wiring, and the modules inside by name. Numbered siblings that are alike share a
room.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from math import ceil

from gradviz.errors import GradvizError
from gradviz.folding.flow import Flow
from gradviz.folding.losses import scopes_of
from gradviz.folding.periods import periods
from gradviz.folding.runs import by_number, is_run, joined, least_turns
from gradviz.graph import Node, NodeKind, Parameter
from gradviz.system.grouped import grouped

LONGEST_PERIOD = 8  # of siblings that take turns
_FEW_NAMES = 6  # in an error, of the modules that there are
MOST_CHILDREN = 60  # of a module; more are bundled


@dataclass(slots=True, eq=False, repr=False)
class Module:
    """A module of the model."""

    name: str
    parent: "Module | None"
    path: str = field(init=False)
    depth: int = field(init=False)
    class_name: str = ""
    children: dict[str, "Module"] = field(default_factory=dict)
    nodes: list[int] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)  # parameters that the graph lacks
    # By which it is equal to another
    contents: Counter[Hashable] = field(default_factory=Counter)
    wanted: bool = False  # a pattern names it, or a module in it
    turn: int = 0  # which repetition of a run of siblings it belongs to

    def __post_init__(self) -> None:
        self.path, self.depth = _place_below(self.parent, self.name)


class Modules:
    """The tree of modules, and what tells two of them apart."""

    def __init__(
        self,
        flow: Flow,
        parameters: Mapping[str, Parameter],
        patterns: Sequence[str],
        marks: Mapping[str, str],
    ) -> None:
        self.flow, self.marks = flow, marks
        self.root = Module("", None)
        self._by_path = {"": self.root}
        scopes = scopes_of(flow.nodes)
        self.of = [
            self._at(_scope(node, scope, flow, parameters))
            for node, scope in zip(flow.nodes, scopes, strict=True)
        ]
        for index, module in enumerate(self.of):
            module.nodes.append(index)
        drawn = {node.name for node in flow.nodes if node.kind is NodeKind.PARAMETER}
        for name in parameters:
            if name not in drawn:
                self._at(name.rpartition(".")[0]).absent.append(name)
        self.all = list(self._by_path.values())  # a parent before its children
        self._want(patterns)
        for module in self.all:
            module.class_name = flow.classes.get(module.path, "")
        self.label = _labels(flow, parameters, marks)
        self._find_contents(flow, parameters, marks)
        self.equal = self._classes()

    def equal_by_path(self) -> dict[tuple[str, ...], int]:
        """Return a number for every module, by its path; equal modules have the same."""
        return {
            tuple(module.path.split(".")) if module.path else (): number
            for module, number in self.equal.items()
        }

    def _at(self, path: str) -> Module:
        module = self._by_path.get(path)
        if module is None:
            module, walked = self.root, ""
            for name in path.split("."):
                walked = f"{walked}.{name}" if walked else name
                if walked not in self._by_path:
                    self._by_path[walked] = module.children[name] = Module(name, module)
                module = self._by_path[walked]
        return module

    def _want(self, patterns: Sequence[str]) -> None:
        for pattern in patterns:
            meant = [
                module
                for module in self.all
                if any(fnmatchcase(module.path, form) for form in (pattern, f"*.{pattern}"))
            ]
            if not meant:
                raise GradvizError(self._no_match(pattern))
            for module in meant:
                module.contents["wanted"] = 1
                module.wanted = True
        for module in reversed(self.all):
            if module.wanted and module.parent is not None:
                module.parent.wanted = True

    def _no_match(self, pattern: str) -> str:
        paths = [module.path for module in self.all[1:]]
        close = get_close_matches(pattern, paths, n=1)
        outer = sorted(paths, key=lambda path: path.count("."))[:_FEW_NAMES]
        more = ", ..." if len(paths) > len(outer) else ""
        way = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(outer)}{more}"
        return f"no module of the graph matches {pattern!r}; {way if paths else 'it has none'}"

    def _find_contents(
        self, flow: Flow, parameters: Mapping[str, Parameter], marks: Mapping[str, str]
    ) -> None:
        for module in self.all:
            module.contents.update(self.label[index] for index in module.nodes)
            for name in module.absent:
                parameter = parameters[name]
                module.contents[
                    name.rpartition(".")[2], parameter.shape, parameter.verdict, marks.get(name)
                ] += 1
        meetings: dict[tuple[Module, Module], tuple[Module, str, str]] = {}
        of, label = self.of, self.label
        alike = Counter(
            [
                (of[edge.source], label[edge.source], of[edge.target], label[edge.target],
                 edge.gradient, edge.severed, edge.cut)
                for edge in flow.edges
            ]
        )  # fmt: skip
        for (source, begins, target, ends, *passing), count in alike.items():
            meeting, above, below = meetings.get((source, target)) or meetings.setdefault(
                (source, target), _meeting(source, target)
            )
            passes = tuple(passing)
            meeting.contents[above, begins, below, ends, passes] += count
            # Other inputs from outside are ignored: the first sibling has none, and would differ
            if meeting is not target and passes[1] is not None:
                target.contents[ends, passes] += count

    def _classes(self) -> dict[Module, int]:
        """Return a number for every module; equal modules have the same."""
        numbers: dict[Hashable, int] = {}
        equal: dict[Module, int] = {}
        for module in reversed(self.all):
            inside = frozenset((name, equal[child]) for name, child in module.children.items())
            equal[module] = numbers.setdefault(
                (module.class_name, frozenset(module.contents.items()), inside), len(numbers)
            )
        return equal


def _scope(node: Node, scope: str, flow: Flow, parameters: Mapping[str, Parameter]) -> str:
    if node.kind is NodeKind.PARAMETER and node.name in parameters:
        return node.name.rpartition(".")[0]
    if node.kind is NodeKind.LEAF and not node.scope and flow.out[node.index]:
        nearest = min(
            flow.out[node.index], key=lambda edge: (flow.distance[edge.target], edge.target)
        )
        return flow.nodes[nearest.target].scope
    return scope


def _labels(flow: Flow, parameters: Mapping[str, Parameter], marks: Mapping[str, str]) -> list[int]:
    """Return a number for every node; nodes that look alike have the same."""
    numbers: dict[Hashable, int] = {}
    labels = []
    for node in flow.nodes:
        looks: list[Hashable] = [
            node.kind,
            node.operation,
            node.requires_grad,
            node.severs,
            node.verdict,
            flow.pruned[node.index],
        ]
        if node.kind is not NodeKind.OPERATION:
            parameter = parameters.get(node.name)
            looks += [
                node.name.rpartition(".")[2],
                node.shape,
                parameter and (parameter.verdict, parameter.partial, parameter.optimized),
            ]
            looks.append(marks.get(node.name))
        labels.append(numbers.setdefault(tuple(looks), len(numbers)))
    return labels


def _meeting(source: Module, target: Module) -> tuple[Module, str, str]:
    """Return the innermost module that holds both, and the path to each from there."""
    a, b = source, target
    while a is not b:
        if a.depth >= b.depth and a.parent is not None:
            a = a.parent
        elif b.parent is not None:
            b = b.parent
    return a, source.path[len(a.path) :], target.path[len(a.path) :]


@dataclass(slots=True, eq=False, repr=False)
class Room:
    """A module, a run of equal siblings, or a bundle of many different ones, on its way to becoming
    a box or a frame.
    """

    name: str
    parent: "Room | None"
    members: list[Module]
    modules: int = 1
    # Number of the stretch of siblings that take turns, of which this is one; 0 for none
    run: int = 0
    path: str = field(init=False)
    depth: int = field(init=False)
    children: list["Room"] = field(default_factory=list)
    is_bundle: bool = False
    is_wanted: bool = field(init=False)
    is_open: bool = False
    spread: int = 0  # once open: how coarsely its own nodes are told, an index of a _Name
    shown: "Room" = field(init=False)  # what is seen of it: itself, or the closed room around it

    def __post_init__(self) -> None:
        self.path, self.depth = _place_below(self.parent, self.name)
        self.is_wanted, self.shown = self.members[0].wanted, self

    @property
    def class_name(self) -> str:
        """Of the module or modules; those of a run share theirs."""
        return "" if self.is_bundle else self.members[0].class_name


def _place_below(parent: Module | Room | None, name: str) -> tuple[str, int]:
    """Return the path of what is called so in a module or room, and how deep it lies."""
    if parent is None:
        return name, 0
    return f"{parent.path}.{name}" if parent.path else name, parent.depth + 1


class Rooms:
    """The tree of rooms: the tree of modules with equal numbered siblings folded together."""

    def __init__(self, modules: Modules) -> None:
        self.root = Room("", None, [modules.root])
        self.of: dict[Module, Room] = {modules.root: self.root}
        self.all = [self.root]  # a parent before its children
        self._equal = modules.equal
        self._runs = 0
        for room in self.all:  # grows on the way
            if not room.is_bundle:
                self._furnish(room)
            self.all += room.children

    def _furnish(self, room: Room) -> None:
        children = room.members[0].children
        numbered = ((*by_number(name), name) for name in sorted(children, key=by_number))
        families = grouped(
            (prefix if number >= 0 else name, name) for prefix, number, name in numbered
        )
        for names in families.values():
            kinds = [self._equal[children[name]] for name in names]
            for start, end, period in periods(kinds, longest=LONGEST_PERIOD, least=least_turns):
                are_one = bool(period) and is_run(names[start:end], period)
                self._runs += are_one
                for offset in range(period) if are_one else ():
                    self._add(room, names[start + offset : end : period], self._runs)
                for name in names[start:end] if not are_one else ():
                    self._add(room, [name], 0)
        if len(room.children) > MOST_CHILDREN:
            self._bundle(room)

    @staticmethod
    def _bundle(room: Room) -> None:
        """Put very many different siblings into a few rooms between them and their module, a level
        at a time.
        """
        size = ceil(len(room.children) ** 0.5)
        rooms, room.children = room.children, []
        for start in range(0, len(rooms), size):
            part = rooms[start : start + size]
            first, last = (module.path.rpartition(".")[2] for module in (part[0], part[-1]))
            bundle = Room(f"{first} \u2026 {last}" if part[1:] else first, room, room.members)
            bundle.is_bundle, bundle.children, bundle.is_wanted = (
                True,
                part,
                any(module.is_wanted for module in part),
            )
            for module in part:
                module.parent, module.depth = bundle, bundle.depth + 1
            room.children.append(bundle)

    def _add(self, parent: Room, names: list[str], run: int) -> None:
        members = []
        for module in parent.members:
            for turn, name in enumerate(names):
                child = module.children[name]
                child.turn = turn
                members.append(child)
        room = Room(joined(names), parent, members, len(names), run)
        parent.children.append(room)
        self.of.update((member, room) for member in members)

    def apart(self, source: Module, target: Module) -> bool:
        """Say whether they stand in different repetitions of one run."""
        a: Module | None = source
        b: Module | None = target
        while a is not None and b is not None and a is not b:
            if a.depth > b.depth:
                a = a.parent
            elif b.depth > a.depth:
                b = b.parent
            else:
                if (
                    a.parent is b.parent
                    and self.of[a].run
                    and self.of[a].run == self.of[b].run
                    and a.turn != b.turn
                ):
                    return True
                a, b = a.parent, b.parent
        return False
