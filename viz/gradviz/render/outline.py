"""From the things that are drawn to the tree that a reader opens and closes.

Modules, runs of equal siblings, parts of what is long.

Every level is in the order of the data flow, the inputs first, and what lies in one group never
needs what comes after it and comes before it at once: a module that is called several times is one
group for each call. So each level of the tree is a graph without cycles, whatever is opened and
closed.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import eq
from typing import TypeVar

MOST = 48  # entries of one group, before they are parted
# Entries of one group, from which on operations that repeat are folded; fewer are read faster as
# they are
LONG = 20
BUDGET = 15  # boxes that modules are opened for at first
MOST_BOXES = 24  # at first, once what severs is seen too
WHOLE = 18  # things that are shown at once, all modules open
FEW = 8  # boxes to begin with: where there are fewer, anything longer is opened at first too
REPEATS = 3  # how often something has to repeat
PERIOD = 64  # the longest stretch that is recognised when it repeats


@dataclass(frozen=True, slots=True)
class Thing:
    """Something drawn that is no group. Read-only.

    Attributes:
        path: The modules that it lies in, the outermost first.
        name: What it is called.
        label: Two things are equal if their labels are and the paths below the siblings they lie
            in.
        is_tensor: A parameter or leaf: it computes nothing, and belongs to what uses it.
    """

    path: tuple[str, ...]
    name: str
    label: Hashable
    is_tensor: bool = False


class Sort(StrEnum):
    """Why things are together."""

    MODULE = "module"  # one module, or one call of it
    RUN = "run"  # the same again and again: equal siblings, the steps of a loop
    PART = "part"  # a stretch of something long


@dataclass(slots=True)
class Group:
    """Things that can be shown as one.

    Attributes:
        sort: Why they are together.
        name: What it is called below its parent: ``"attn"``, ``"h.0..11"``.
        path: Of the module that it is or lies in.
        times: How often the same is in it.
        children: Numbers of things, and groups, in the order of the data flow.
    """

    sort: Sort
    name: str
    path: tuple[str, ...]
    times: int = 1
    children: "list[int | Group]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of a level while it is being ordered.

    A thing with the tensors that hang on it, or a group that is still to be opened.
    """

    name: str
    path: tuple[str, ...]
    members: tuple[int, ...]
    is_module: bool
    signature: int


def outline(things: Sequence[Thing], lines: Iterable[tuple[int, int]]) -> Group:
    """Return the root of the tree.

    Args:
        things: What is drawn.
        lines: Which thing goes into which, by their numbers. Without cycles.
    """
    return _Outliner(things, lines).tree()


def first_view(
    root: Group, wanted: Callable[[int], bool], *, budget: int = BUDGET, most: int = MOST_BOXES
) -> list[Group]:
    """Return the groups to open at first, parents before children.

    The shallowest modules within a budget of boxes.

    A graph that fits is opened whole. Runs stay closed, and so does a module of operations alone
    where there is enough to see without. Then the ways to the things that are ``wanted`` are opened
    while there is room for them.

    Args:
        root: The tree.
        wanted: Tells of a thing that it should be seen.
        budget: How many boxes modules are opened for.
        most: How many boxes there are at most, once what is wanted is seen.
    """
    boxes, opened, level = len(root.children), [root], [root]
    while level:
        below = [child for group in level for child in _to_open(group)]
        level = []
        for group in sorted(
            below, key=lambda group: (not _has_modules(group), len(group.children))
        ):
            more = boxes - 1 + len(group.children)
            if more <= MOST if boxes < FEW else more <= budget and _has_modules(group):
                boxes = more
                level.append(group)
        opened += level
    if _size(root) <= WHOLE:
        return _all_groups(root)
    is_open = {id(group) for group in opened}
    for way in _ways(root, wanted):
        missing = [group for group in way if id(group) not in is_open]
        more = sum(len(group.children) - 1 for group in missing)
        if boxes + more <= most:
            boxes += more
            opened += missing
            is_open |= {id(group) for group in missing}
    return opened


def _size(root: Group) -> int:
    """How many things there are in a group."""
    return sum(isinstance(child, int) for group in _all_groups(root) for child in group.children)


def _all_groups(root: Group) -> list[Group]:
    """The groups of a tree, parents before children."""
    groups = [root]
    for group in groups:
        groups += [child for child in group.children if isinstance(child, Group)]
    return groups


def _to_open(group: Group) -> list[Group]:
    """The groups in ``group`` that tell more when they are open.

    No run, no sibling of one, no single operation.
    """
    inner = [child for child in group.children if isinstance(child, Group)]
    runs = {
        _NUMBER.sub("#", child.name.partition("..")[0]) for child in inner if child.sort is Sort.RUN
    }
    return [
        child
        for child in inner
        if child.sort is not Sort.RUN
        and len(child.children) > 1
        and _NUMBER.sub("#", child.name) not in runs
    ]


def _has_modules(group: Group) -> bool:
    return not _is_long(group) and any(isinstance(child, Group) for child in group.children)


def _is_long(group: Group) -> bool:
    """A module that does much itself; how much, counts through its parts."""
    waiting, things = [group] if group.sort is Sort.MODULE else [], 0
    while waiting:
        for child in waiting.pop().children:
            if isinstance(child, int) or child.sort is Sort.RUN:
                things += 1
            elif child.sort is Sort.PART:
                waiting.append(child)
    return things > LONG


def _ways(root: Group, wanted: Callable[[int], bool]) -> Iterator[list[Group]]:
    """The groups around each thing that is wanted, the outermost first.

    One of a run stands for all.
    """
    waiting: list[list[Group]] = [[root]]
    while waiting:
        way = waiting.pop()
        group = way[-1]
        if any(isinstance(child, int) and wanted(child) for child in group.children):
            yield way
        inner = [child for child in group.children if isinstance(child, Group)]
        waiting += [[*way, child] for child in (inner[-1:] if group.sort is Sort.RUN else inner)]


class _Outliner:
    def __init__(self, things: Sequence[Thing], lines: Iterable[tuple[int, int]]) -> None:
        self._things = things
        self._targets: list[list[int]] = [[] for _ in things]
        for source, target in lines:
            self._targets[source].append(target)
        self._numbers: dict[Hashable, int] = {}

    def tree(self) -> Group:
        root = Group(Sort.MODULE, "", ())
        waiting: list[tuple[Group, Sequence[int]]] = [(root, range(len(self._things)))]
        while waiting:
            group, members = waiting.pop()
            self._fill(group, self._ordered(members, len(group.path)), waiting)
        return root

    def _fill(
        self, group: Group, entries: list[_Entry], waiting: list[tuple[Group, Sequence[int]]]
    ) -> None:
        """Give ``group`` its children.

        The entries, with what repeats and what is too long made into groups.
        """

        def child(entry: _Entry) -> "list[int | Group]":
            if not entry.is_module:
                return list(entry.members)
            inner = Group(Sort.MODULE, entry.name, entry.path)
            waiting.append((inner, entry.members))
            return [inner]

        def turn(entries: Sequence[_Entry], number: int) -> "list[int | Group]":
            children = [made for entry in entries for made in child(entry)]
            return (
                children
                if len(children) == 1
                else [Group(Sort.PART, str(number), group.path, children=children)]
            )

        children: list[int | Group] = []
        for start, end, period in _repeats(entries):
            part = entries[start:end]
            if not period:
                children += (made for entry in part for made in child(entry))
                continue
            run = Group(Sort.RUN, _name_of(part, period), group.path, times=len(part) // period)
            for number, at in enumerate(range(0, len(part), period)):
                run.children += turn(part[at : at + period], number)
            run.children = _parted(run.children, group.path)
            children.append(run)
        group.children = _parted(children, group.path)

    def _ordered(self, members: Sequence[int], depth: int) -> list[_Entry]:
        """The entries of a level in the order of the data flow.

        A module that other things pass through becomes several.
        """
        owner = self._owners(members, depth)
        within = set(members)
        flows = {m: [target for target in self._targets[m] if target in within] for m in members}
        host = {
            m: flows[m][0]
            for m in members
            if self._things[m].is_tensor
            and len(flows[m]) == 1
            and self._things[m].path == self._things[flows[m][0]].path
            and not self._things[flows[m][0]].is_tensor
        }
        hung: dict[int, list[int]] = defaultdict(list)
        for tensor, user in host.items():
            hung[user].append(tensor)
        keys: dict[Hashable, list[int]] = {}
        for m in members:
            if m not in host:
                keys.setdefault(owner.get(m, m), []).append(m)
        key_of = {m: key for key, group in keys.items() for m in group}
        key_of |= {tensor: key_of[user] for tensor, user in host.items()}
        into = {
            key: list(dict.fromkeys(key_of[t] for m in group for t in flows[m] if key_of[t] != key))
            for key, group in keys.items()
        }
        entries = []
        for component in reversed(_components(into)):
            stretches = (
                [(component[0], keys[component[0]])]
                if len(component) == 1
                else _calls(component, keys, key_of, flows)
            )
            entries += [self._entry(key, group, hung, depth) for key, group in stretches]
        return entries

    def _owners(self, members: Sequence[int], depth: int) -> dict[int, tuple[str, ...]]:
        """The path of the entry that each member lies in, for those that lie deeper than ``depth``.

        A module with nothing of its own and one child is one with it; a list of modules that are
        built alike is as many entries as it has modules.
        """
        found: dict[int, tuple[str, ...]] = {}
        waiting = [(depth, [m for m in members if len(self._things[m].path) > depth])]
        while waiting:
            at, group = waiting.pop()
            parts: dict[str, list[int]] = {}
            for m in group:
                parts.setdefault(self._things[m].path[at], []).append(m)
            for part in parts.values():
                paths = [self._things[m].path for m in part]
                low, high = min(paths), max(paths)
                shared = next(
                    (i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b),
                    min(len(low), len(high)),
                )
                below = {path[shared] for path in paths if len(path) > shared}
                is_list = (
                    len(below) > 1
                    and all(map(str.isdecimal, below))
                    and min(map(len, paths)) > shared
                )
                if is_list and self._are_alike(part, shared):
                    waiting.append((shared, part))
                else:
                    found.update(dict.fromkeys(part, low[:shared]))
        return {m: (*path,) for m, path in found.items()}

    def _are_alike(self, members: Iterable[int], depth: int) -> bool:
        """Say whether the modules of a list hold the same, whatever its verdicts are."""
        contents: dict[str, Counter[tuple[tuple[str, ...], str]]] = {}
        for m in members:
            path, name = self._things[m].path, self._things[m].name
            contents.setdefault(path[depth], Counter())[
                path[depth + 1 :], name.rpartition(".")[2]
            ] += 1
        first, *others = contents.values()
        return all(other == first for other in others)

    def _entry(
        self, key: Hashable, group: Sequence[int], hung: Mapping[int, list[int]], depth: int
    ) -> _Entry:
        members = tuple(each for m in group for each in (*hung.get(m, ()), m))
        path, is_module = (
            (key, True) if isinstance(key, tuple) else (self._things[group[0]].path, False)
        )
        labels = sorted(
            self._number((self._things[m].path[len(path) :], self._things[m].label))
            for m in members
        )
        name = ".".join(path[depth:]) if is_module else self._things[group[0]].name
        kind = _NUMBER.sub("#", name) if is_module else ""
        return _Entry(name, path, members, is_module, self._number((kind, tuple(labels))))

    def _number(self, value: Hashable) -> int:
        return self._numbers.setdefault(value, len(self._numbers))


_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")
_Key = TypeVar("_Key", bound=Hashable)


def _components(into: Mapping[_Key, Sequence[_Key]]) -> list[list[_Key]]:
    """The strongly connected components of a graph, successors first (Tarjan's, as a loop)."""
    met: dict[_Key, int] = {}
    low: dict[_Key, int] = {}
    open_: dict[_Key, None] = {}
    found: list[list[_Key]] = []
    for start in reversed(list(into)):
        ways = [start] if start not in met else []
        left: dict[_Key, Iterator[_Key]] = {}
        while ways:
            key = ways[-1]
            if key not in left:
                met[key] = low[key] = len(met)
                open_[key] = None
                left[key] = iter(into[key])
            for after in left[key]:
                if after not in met:
                    ways.append(after)
                    break
                if after in open_:
                    low[key] = min(low[key], met[after])
            else:
                ways.pop()
                if ways:
                    low[ways[-1]] = min(low[ways[-1]], low[key])
                if low[key] == met[key]:
                    component: list[_Key] = []
                    while not component or component[-1] != key:
                        component.append(open_.popitem()[0])
                    found.append(component[::-1])
    return found


def _calls(
    component: Sequence[_Key],
    keys: Mapping[_Key, list[int]],
    key_of: Mapping[int, _Key],
    flows: Mapping[int, Sequence[int]],
) -> list[tuple[_Key, list[int]]]:
    """Return stretches of modules that take turns, in the order of the data flow.

    What takes no part, such as parameters that every call has a stub of, comes first.
    """
    members = [m for key in component for m in keys[key]]
    within = set(members)
    sources: dict[int, list[int]] = {m: [] for m in members}
    for m in members:
        for target in flows[m]:
            if target in within:
                sources[target].append(m)
    idle = {key: [m for m in keys[key] if not flows[m] and not sources[m]] for key in component}
    idle = {key: apart for key, apart in idle.items() if len(apart) < len(keys[key])}
    stretches = [(key, sorted(apart, reverse=True)) for key, apart in idle.items() if apart]
    left_out = {m for apart in idle.values() for m in apart}
    taking_part = [m for m in members if m not in left_out]
    return stretches + _turns(taking_part, sources, key_of)


def _turns(
    members: Sequence[int], sources: Mapping[int, Sequence[int]], key_of: Mapping[int, _Key]
) -> list[tuple[_Key, list[int]]]:
    """Return the calls of modules, the first to run first.

    Walked from the end, so that what a call needs is met with the call; a module is left only when
    nothing more of it is needed. Where the graph goes round there is no end, and the walk begins
    with the last.
    """
    missing = Counter(source for m in members for source in sources[m])
    left = dict.fromkeys(members)  # what no call awaits yet
    ready: dict[_Key, list[int]] = {}

    def await_(m: int) -> None:
        del left[m]
        ready.setdefault(key_of[m], []).append(m)

    for m in members:
        if not missing[m]:
            await_(m)
    calls: list[tuple[_Key, list[int]]] = []
    while ready or left:
        if not ready:
            await_(next(reversed(left)))
        key, waiting = next(iter(ready.items()))
        call = []
        while waiting:
            m = waiting.pop()
            call.append(m)
            for source in sources[m]:
                missing[source] -= 1
                if not missing[source] and source in left:
                    await_(source)
        del ready[key]
        calls.append((key, call[::-1]))
    return calls[::-1]


def _repeats(entries: Sequence[_Entry]) -> Iterator[tuple[int, int, int]]:
    """Part the entries into stretches ``(start, end, period)``.

    The period is 0 where nothing repeats. What saves most is taken first.
    """
    taken = bytearray(len(entries))
    found: list[tuple[int, int, int]] = []
    for _, start, period, length in sorted(_candidates(entries)):
        if taken.find(1, start, start + length) < 0:
            taken[start : start + length] = bytes([1]) * length
            found.append((start, start + length, period))
    at = 0
    for start, end, period in sorted(found):
        if at < start:
            yield at, start, 0
        yield start, end, period
        at = end
    if at < len(entries):
        yield at, len(entries), 0


def _candidates(entries: Sequence[_Entry]) -> Iterator[tuple[int, int, int, int]]:
    """What repeats.

    Minus how many entries that saves, where it starts, its period and its length.
    """
    signatures = [entry.signature for entry in entries]
    for period in range(1, min(PERIOD, len(entries) // REPEATS) + 1):
        at = 0
        for same, run in groupby(map(eq, signatures, signatures[period:])):
            length = sum(1 for _ in run)
            whole = (length + period) // period * period
            if (
                same
                and whole >= REPEATS * period
                and (
                    len(entries) > LONG
                    or any(entry.is_module for entry in entries[at : at + period])
                )
            ):
                yield period - whole, at, period, whole
            at += length


def _parted(children: "list[int | Group]", path: tuple[str, ...]) -> "list[int | Group]":
    """Children in parts of parts, where they are too many for one level."""
    while len(children) > MOST:
        size = -(-len(children) // -(-len(children) // MOST))
        parts: list[int | Group] = []
        for start in range(0, len(children), size):
            part = children[start : start + size]
            first, last = part[0], part[-1]
            named = (
                isinstance(first, Group)
                and isinstance(last, Group)
                and _NUMBER.search(first.name)
                and _NUMBER.search(last.name)
            )
            name = _span(first.name, last.name) if named else f"{start + 1}..{start + len(part)}"  # type: ignore[union-attr]
            parts.append(Group(Sort.PART, name, path, children=part))
        children = parts
    return children


def _name_of(entries: Sequence[_Entry], period: int) -> str:
    """Name a run: ``"h.0..11"``, ``"cell"``, ``"MulBackward0 and 3 more"``."""
    if period == 1 and entries[0].is_module:
        return _span(entries[0].name, entries[-1].name)
    names = [entry.name for entry in entries[:period] if entry.is_module] or [entries[0].name]
    rest = period - 1
    return names[0] + (f" and {rest} more" if rest else "")


def _span(first: str, last: str) -> str:
    """Name what goes from ``first`` to ``last``: ``"h.0"`` and ``"h.11"`` give ``"h.0..11"``."""
    if first == last:
        return first
    shared = 0
    parts, others = first.split("."), last.split(".")
    while shared < min(len(parts), len(others)) and parts[shared] == others[shared]:
        shared += 1
    return (
        ".".join([*parts[:shared], f"{parts[shared]}..{others[-1]}"])
        if shared < len(parts)
        else f"{first} to {last}"
    )
