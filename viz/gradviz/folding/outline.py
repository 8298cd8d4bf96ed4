"""From the things that are drawn to the tree that a reader opens and closes.

Modules, runs of equal siblings, parts of what is long.

Every level is in the order of the data flow, the inputs first, and what lies in one group never
needs what comes after it and comes before it at once: a module that is called several times is one
group for each call. So each level of the tree is a graph without cycles, whatever is opened and
closed.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from types import MappingProxyType

from gradviz.folding.concern import family_of
from gradviz.folding.loose import gathered
from gradviz.folding.repeats import name_of_run, parted, repeats
from gradviz.folding.tree import Entry, Group, GroupSort, Thing
from gradviz.folding.turns import calls_of, components, side_by_side
from gradviz.system.grouped import grouped, shared_start

_LIST = "ModuleList"


def outline(
    things: Sequence[Thing],
    lines: Iterable[tuple[int, int]],
    classes: Mapping[tuple[str, ...], str] = MappingProxyType({}),
    equal: Mapping[tuple[str, ...], int] = MappingProxyType({}),
) -> Group:
    """Return the root of the tree.

    Args:
        things: What is drawn.
        lines: Which thing goes into which, by their numbers. Without cycles.
        classes: The class of every module, by its path.
        equal: A number for every module, by its path: equal ones have the same.
    """
    return _Outliner(things, lines, classes, equal).tree()


class _Outliner:
    def __init__(
        self,
        things: Sequence[Thing],
        lines: Iterable[tuple[int, int]],
        classes: Mapping[tuple[str, ...], str],
        equal: Mapping[tuple[str, ...], int],
    ) -> None:
        self._things, self._classes, self._equal = things, classes, equal
        self._targets: list[list[int]] = [[] for _ in things]
        for source, target in lines:
            self._targets[source].append(target)
        self._numbers: dict[Hashable, int] = {}
        # What looks alike is often one object, and then told apart from others once
        kinds: dict[int, int] = {}
        self._kinds = [kinds.setdefault(id(thing), len(kinds)) for thing in things]
        alike = dict(zip(self._kinds, things, strict=True))
        self._labels = [self._number(thing.label) for thing in alike.values()]
        self._single: dict[tuple[int, ...], Entry] = {}  # things, by the kinds of their members
        self._within: dict[tuple[int, int], int] = {}  # labels of kinds, by where their path begins

    def tree(self) -> Group:
        root = Group(GroupSort.MODULE, "", ())
        waiting: list[tuple[Group, Sequence[int]]] = [(root, range(len(self._things)))]
        while waiting:
            group, members = waiting.pop()
            self._fill(group, self._ordered(members, len(group.path)), waiting)
        return root

    def _fill(
        self, group: Group, entries: list[Entry], waiting: list[tuple[Group, Sequence[int]]]
    ) -> None:
        """Give ``group`` its children.

        The entries, with what repeats and what is too long made into groups.
        """

        def child(entry: Entry) -> "list[int | Group]":
            if not entry.is_module:
                return list(entry.members)
            inner = Group(GroupSort.MODULE, entry.name, entry.path)
            waiting.append((inner, entry.members))
            return [inner]

        def turn(entries: Sequence[Entry], number: int) -> "list[int | Group]":
            children = [made for entry in entries for made in child(entry)]
            return (
                children
                if len(children) == 1
                else [Group(GroupSort.PART, str(number), group.path, children=children)]
            )

        children: list[int | Group] = []
        for start, end, period in repeats(entries):
            part = entries[start:end]
            if not period:
                children += (made for entry in part for made in child(entry))
                continue
            run = Group(
                GroupSort.RUN, name_of_run(part, period), group.path, times=len(part) // period
            )
            for number, at in enumerate(range(0, len(part), period)):
                run.children += turn(part[at : at + period], number)
            run.children = parted(run.children, group.path)
            children.append(run)
        if not group.path:
            children = gathered(children, self._things)
        group.children = parted(children, group.path)

    def _ordered(self, members: Sequence[int], depth: int) -> list[Entry]:
        """Return the entries of a level in the order of the data flow.

        A module that other things pass through becomes several.
        """
        owner = self._owners(members, depth)
        flows = self._flows(members)
        host = {m: flows[m][0] for m in members if self._has_host(m, flows[m])}
        hung: dict[int, list[int]] = defaultdict(list)
        for tensor, user in host.items():
            hung[user].append(tensor)
        keys = grouped((owner.get(m, m), m) for m in members if m not in host)
        key_of = {m: key for key, group in keys.items() for m in group}
        key_of |= {tensor: key_of[user] for tensor, user in host.items()}
        into = {}
        for key, group in keys.items():
            ways = dict.fromkeys([key_of[target] for m in group for target in flows[m]])
            into[key] = [other for other in ways if other != key]
        order = components(into)[::-1]
        if len(order) == len(keys):  # no module is called twice
            single = {key: self._entry(key, keys[key], hung, depth) for (key,) in order}
            kinds = {key: entry.signature for key, entry in single.items() if entry.is_module}
            return [single[key] for key in side_by_side(list(single), into, kinds)]
        entries = []
        for component in order:
            stretches = (
                [(component[0], keys[component[0]])]
                if len(component) == 1
                else calls_of(component, keys, key_of, flows)
            )
            entries += [self._entry(key, group, hung, depth) for key, group in stretches]
        return entries

    def _has_host(self, member: int, users: Sequence[int]) -> bool:
        """Say whether it is a tensor that one operation of its own module uses, and no other."""
        thing = self._things[member]
        if not thing.is_tensor or len(users) != 1:
            return False
        user = self._things[users[0]]
        return thing.path == user.path and not user.is_tensor

    def _flows(self, members: Sequence[int]) -> dict[int, list[int]]:
        """Return which of the members each of them goes into."""
        if len(members) == len(self._things):
            return dict(enumerate(self._targets))
        within = set(members)
        return {m: [target for target in self._targets[m] if target in within] for m in members}

    def _owners(self, members: Sequence[int], depth: int) -> dict[int, tuple[str, ...]]:
        """Return the path of the entry that each member lies in, for those that lie deeper than
        ``depth``.

        A module with nothing of its own and one child is one with it, but for models that stand
        beside each other; a list of modules that are built alike, which nothing calls as one, is as
        many entries as it has modules.
        """
        owners: dict[int, tuple[str, ...]] = {}
        waiting = [(depth, [m for m in members if len(self._things[m].path) > depth])]
        while waiting:
            at, group = waiting.pop()
            parts = grouped((self._things[m].path[at], m) for m in group)
            for part in parts.values():
                paths = [self._things[m].path for m in part]
                low, high = min(paths), max(paths)
                shared = len(shared_start([low, high]))
                below = {path[shared] for path in paths if len(path) > shared}
                is_list = (
                    self._classes.get(low[:shared], _LIST) == _LIST
                    and len(below) > 1
                    and all(map(str.isdecimal, below))
                    and min(map(len, paths)) > shared
                )
                if at == 0 and len(parts) > 1 and shared > 1:
                    owners.update(dict.fromkeys(part, low[:1]))
                elif is_list and self._are_alike(part, shared):
                    waiting.append((shared, part))
                else:
                    owners.update(dict.fromkeys(part, low[:shared]))
        return {m: (*path,) for m, path in owners.items()}

    def _are_alike(self, members: Iterable[int], depth: int) -> bool:
        """Say whether the modules of a list are of one class and hold the same, whatever its
        verdicts are.
        """
        paths = {self._things[m].path[: depth + 1] for m in members}
        if len({self._classes.get(path, "") for path in paths}) > 1:
            return False
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
    ) -> Entry:
        members = tuple([member for m in group for member in (*hung.get(m, ()), m)])
        if isinstance(key, tuple):
            name = ".".join(key[depth:])
            kind = family_of(name), self._equal.get(key)
            signature = self._signature(kind, members, len(key))
            return Entry(name, key, members, True, signature)
        kinds = tuple([self._kinds[m] for m in members])
        alike = self._single.get(kinds)
        if alike is not None:
            return Entry(alike.name, alike.path, members, False, alike.signature)
        first = self._things[group[0]]
        signature = self._signature("", members, len(first.path))
        self._single[kinds] = Entry(first.name, first.path, members, False, signature)
        return self._single[kinds]

    def _signature(self, kind: Hashable, members: Iterable[int], start: int) -> int:
        """Return the same for what is built alike.

        Args:
            kind: What it is called, without its numbers, and which modules it is equal to.
            members: The things in it.
            start: How many modules of their paths are not looked at.
        """
        labels = []
        for m in members:
            key = self._kinds[m], start
            label = self._within.get(key)
            if label is None:
                label = self._number((self._things[m].path[start:], self._labels[self._kinds[m]]))
                self._within[key] = label
            labels.append(label)
        labels.sort()
        return self._number((kind, tuple(labels)))

    def _number(self, value: Hashable) -> int:
        return self._numbers.setdefault(value, len(self._numbers))
