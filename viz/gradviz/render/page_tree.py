"""The groups of a page in one list, and how much there is in each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gradviz.graph import Parameter, Verdict
from gradviz.render.page_boxes import Tally
from gradviz.render.page_things import PageThing
from gradviz.render.tree import Group, GroupSort

_VERDICTS = tuple(Verdict)


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


def summed(
    tree: PageTree, things: Sequence[PageThing], parameters: Iterable[Parameter]
) -> list[Tally]:
    """Return what is in each group, the groups in it included.

    Args:
        tree: The groups.
        things: What their numbers stand for.
        parameters: All of the model; a tied one counts in every module that holds it.
    """
    tallies = []
    for group in tree.groups:
        tallies.append(Tally())
        for child in group.children:
            if isinstance(child, int):
                _count(tallies[-1], things[child])
    for number in range(len(tallies) - 1, 0, -1):  # the inner before the outer
        tallies[tree.parents[number]].add(tallies[number])
    tied = {own.name: own.names for own in parameters if own.names[1:]}
    if tied:
        _add_tied(tree, tallies, things, tied)
    return tallies


def _add_tied(
    tree: PageTree,
    tallies: Sequence[Tally],
    things: Sequence[PageThing],
    tied: Mapping[str, Sequence[str]],
) -> None:
    """Count each tied parameter in the modules that hold it and in which it is not drawn."""
    modules: dict[tuple[str, ...], int] = {}
    drawn_in: dict[str, tuple[int, PageThing]] = {}
    for number, group in enumerate(tree.groups):
        if group.sort is GroupSort.MODULE:
            modules.setdefault(group.path, number)
        for thing in (things[child] for child in group.children if isinstance(child, int)):
            if thing.sort == "parameter" and thing.name in tied:
                drawn_in[thing.name] = number, thing
    for first, (place, thing) in drawn_in.items():
        counted_in = set(tree.outward(place))
        for name in tied[first]:
            home = modules.get(tuple(name.split(".")[:-1]), -1)
            for number in tree.outward(home):
                if number not in counted_in:
                    counted_in.add(number)
                    _count(tallies[number], thing)


def _count(tally: Tally, thing: PageThing) -> None:
    if thing.sort == "parameter" and thing.parameter and thing.verdict:
        tally.verdicts[_VERDICTS.index(thing.verdict)] += 1
        tally.partial += thing.parameter.partial
        tally.elements += thing.parameter.numel
        tally.idle += bool(thing.idle)
    tally.operations += thing.sort == "op"
    tally.marks += thing.sort == "mark"
    tally.pruned += thing.node is not None and thing.node.pruned
