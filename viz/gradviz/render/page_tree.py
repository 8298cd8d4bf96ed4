"""The groups of a page in one list, and how much there is in each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gradviz.folding.tree import Group, GroupSort
from gradviz.graph import Parameter
from gradviz.render.page_boxes import Tally, together
from gradviz.render.page_things import PageGraph, PageThing


@dataclass(frozen=True, slots=True)
class PageTree:
    """A tree of groups in one list. Read-only.

    Attributes:
        numbers: A thing, or -n for a group followed by the n numbers that are in it.
        groups: The groups in the order met.
        parents: For each group the number of the group around it; -1 for the first.
        opened: The numbers of the groups that are open at first.
    """

    numbers: list[int] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)

    def outward(self, number: int) -> Iterator[int]:
        """Yield the number of a group, and of those around it."""
        while number >= 0:
            yield number
            number = self.parents[number]


def flat(root: Group, opened: Iterable[Group]) -> PageTree:
    """Return a tree in one list, with the groups that are open at first."""
    is_open = {id(group) for group in opened}
    tree = PageTree()
    parents = [-1]
    starts: list[int] = []
    waiting: list[int | Group | None] = [root]
    while waiting:
        child = waiting.pop()
        if child is None:
            start = starts.pop()
            tree.numbers[start] = start + 1 - len(tree.numbers)
            parents.pop()
        elif isinstance(child, int):
            tree.numbers.append(child)
        else:
            number = len(tree.groups)
            if id(child) in is_open:
                tree.opened.append(number)
            tree.groups.append(child)
            tree.parents.append(parents[-1])
            parents.append(number)
            starts.append(len(tree.numbers))
            tree.numbers.append(0)
            waiting.append(None)
            waiting.extend(reversed(child.children))
    return tree


def summed(tree: PageTree, drawn: PageGraph, parameters: Iterable[Parameter]) -> list[Tally]:
    """Return what is in each group, the groups in it included.

    Args:
        tree: The groups.
        drawn: What their numbers stand for.
        parameters: All of the model; a tied one counts in every module that holds it.
    """
    tallies = [_tally(kind) for kind in drawn.kinds]
    # What is in groups in which the same stands is counted once
    of_kinds: dict[tuple[int, ...], Tally] = {}
    parts: list[list[Tally]] = []
    for group in tree.groups:
        kinds = tuple([drawn.numbers[child] for child in group.children if isinstance(child, int)])
        if kinds not in of_kinds:
            of_kinds[kinds] = together([Tally(), *(tallies[kind] for kind in kinds)])
        parts.append([of_kinds[kinds]])
    sums = [Tally()] * len(parts)
    for number in range(len(parts) - 1, -1, -1):  # the inner before the outer
        part = parts[number]
        sums[number] = together(part) if part[1:] else part[0]
        if number:
            parts[tree.parents[number]].append(sums[number])
    tied = {own.name: own.names for own in parameters if own.names[1:]}
    if tied:
        _add_tied(tree, sums, drawn, tied)
    return sums


def _add_tied(
    tree: PageTree, sums: list[Tally], drawn: PageGraph, tied: Mapping[str, Sequence[str]]
) -> None:
    """Count each tied parameter in the modules that hold it and in which it is not drawn."""
    modules: dict[tuple[str, ...], int] = {}
    drawn_in: dict[str, tuple[int, PageThing]] = {}
    for number, group in enumerate(tree.groups):
        if group.sort is GroupSort.MODULE:
            modules.setdefault(group.path, number)
        for child in group.children:
            thing = drawn.kinds[drawn.numbers[child]] if isinstance(child, int) else None
            if thing is not None and thing.sort == "parameter" and thing.name in tied:
                drawn_in[thing.name] = number, thing
    for first, (place, thing) in drawn_in.items():
        counted_in = set(tree.outward(place))
        for name in tied[first]:
            home = modules.get(tuple(name.split(".")[:-1]), -1)
            for number in tree.outward(home):
                if number not in counted_in:
                    counted_in.add(number)
                    sums[number] = together((sums[number], _tally(thing)))


def _tally(thing: PageThing) -> Tally:
    """Return what one thing adds to the group that it stands in."""
    pruned = int(thing.node is not None and thing.node.pruned)
    if thing.sort == "parameter" and thing.parameter and thing.verdict:
        return Tally(
            **{str(thing.verdict): 1},
            partial=int(thing.parameter.partial),
            elements=thing.parameter.numel,
            pruned=pruned,
            idle=int(bool(thing.idle)),
        )
    is_operation, is_mark = thing.sort == "op", thing.sort == "mark"
    return Tally(operations=int(is_operation), marks=int(is_mark), pruned=pruned)
