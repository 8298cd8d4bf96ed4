"""Which groups of a tree are open at first."""

from collections.abc import Callable, Iterator

from gradviz.folding.concern import Concern, Waiting, family_of
from gradviz.folding.tree import LONG, MOST, Group, GroupSort

BUDGET = 12  # boxes that modules are opened for at first
MOST_BOXES = 24  # at first, once what severs is seen too
WHOLE = 18  # things that are shown at once, all modules open
FEW = 8  # boxes to begin with: where there are fewer, anything longer is opened at first too


def first_view(
    root: Group,
    concern: Callable[[int], Concern],
    *,
    budget: int = BUDGET,
    most: int = MOST_BOXES,
) -> list[Group]:
    """Return the groups to open at first, parents before children.

    Modules are opened within a budget of boxes, in the order of :class:`Waiting`.

    A graph that fits is opened whole. Runs stay closed, and so does a module of operations alone
    where there is enough to see without. Then the ways to the things that sever are opened while
    there is room for them.

    Args:
        root: The tree.
        concern: Tells of a thing how much it has to be seen.
        budget: How many boxes modules are opened for.
        most: How many boxes there are at most, once what severs is seen.
    """
    concerns = _concerns(root, concern)
    boxes, opened = len(root.children), [root]
    waiting: Waiting[Group] = Waiting(_name, lambda group: concerns[id(group)], _rank)
    waiting.add(1, _to_open(root))
    for depth, family in waiting:
        more = boxes + sum(len(group.children) - 1 for group in family)
        if more <= MOST if boxes < FEW else more <= budget and any(map(_has_modules, family)):
            boxes = more
            opened += family
            waiting.add(depth + 1, [inner for group in family for inner in _to_open(group)])
    if _size(root) <= WHOLE:
        groups = _all_groups(root)
        return [root, *(group for group in groups[1:] if concerns[id(group)] > Concern.IDLE)]
    is_open = {id(group) for group in opened}
    for way in _ways_to(root, lambda thing: concern(thing) is Concern.SEVERS):
        missing = [group for group in way if id(group) not in is_open]
        more = sum(len(group.children) - 1 for group in missing)
        if boxes + more <= most:
            boxes += more
            opened += missing
            is_open |= {id(group) for group in missing}
    return opened


def _concerns(root: Group, concern: Callable[[int], Concern]) -> dict[int, Concern]:
    """Return of every group, by its identity, the greatest concern of what is in it."""
    concerns: dict[int, Concern] = {}
    for group in reversed(_all_groups(root)):
        inside = {
            concern(child) if isinstance(child, int) else concerns[id(child)]
            for child in group.children
        }
        concerns[id(group)] = max(inside, default=Concern.IDLE)
    return concerns


def _size(root: Group) -> int:
    """Return how many things there are in a group."""
    return sum(isinstance(child, int) for group in _all_groups(root) for child in group.children)


def _all_groups(root: Group) -> list[Group]:
    """Return the groups of a tree, parents before children."""
    groups = [root]
    for group in groups:
        groups += [child for child in group.children if isinstance(child, Group)]
    return groups


def _to_open(group: Group) -> list[Group]:
    """The groups in ``group`` that tell more when they are open.

    No run, no sibling of one, no single operation.
    """
    inner = [child for child in group.children if isinstance(child, Group)]
    runs = {family_of(child.name) for child in inner if child.sort is GroupSort.RUN}
    return [
        child
        for child in inner
        if child.sort is not GroupSort.RUN
        and _holds_several(child)
        and family_of(child.name) not in runs
    ]


def _holds_several(group: Group) -> bool:
    """Say whether there is more in a group than one thing, however deep."""
    while len(group.children) == 1 and isinstance(group.children[0], Group):
        group = group.children[0]
    return len(group.children) > 1


def _name(group: Group) -> str:
    return group.name


def _rank(family: list[Group]) -> tuple[bool, int]:
    """Return the key by which groups open: first what has modules in it, the smallest first."""
    return not any(map(_has_modules, family)), sum(len(group.children) for group in family)


def _has_modules(group: Group) -> bool:
    return not _is_long(group) and any(isinstance(child, Group) for child in group.children)


def _is_long(group: Group) -> bool:
    """Say whether a module does much itself; what its parts do counts too."""
    waiting, things = [group] if group.sort is GroupSort.MODULE else [], 0
    while waiting:
        for child in waiting.pop().children:
            if isinstance(child, int) or child.sort is GroupSort.RUN:
                things += 1
            elif child.sort is GroupSort.PART:
                waiting.append(child)
    return things > LONG


def _ways_to(root: Group, wanted: Callable[[int], bool]) -> Iterator[list[Group]]:
    """Yield the groups around each thing that is wanted, the outermost first.

    One of a run stands for all.
    """
    waiting: list[list[Group]] = [[root]]
    while waiting:
        way = waiting.pop()
        group = way[-1]
        if any(isinstance(child, int) and wanted(child) for child in group.children):
            yield way
        inner = [child for child in group.children if isinstance(child, Group)]
        waiting += [
            [*way, child] for child in (inner[-1:] if group.sort is GroupSort.RUN else inner)
        ]
