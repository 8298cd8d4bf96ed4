"""What runs outside of every module: a stretch of it is one group, called by its lines."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from gradviz.folding.tree import LONG, Group, GroupSort, Thing
from gradviz.graph import Place
from gradviz.system.short_places import file_and_line

STRETCH = 3  # operations that are worth a group of their own


def gathered(children: "Sequence[int | Group]", things: Sequence[Thing]) -> "list[int | Group]":
    """Return the children of the root, with what stands between modules gathered where there are
    many: a net whose parts are called by a function has them, and the operations around, at the
    top. Modules stay, and so does what is to be seen by itself.
    """
    is_short = len(children) <= LONG or not any(_is_module(child) for child in children)
    if is_short:
        return list(children)
    entries: list[int | Group] = []
    for is_loose, run in groupby(children, lambda child: _is_loose(child, things)):
        stretch = list(run)
        if is_loose and len(stretch) >= STRETCH:
            name = _lines_of([things[number] for number in _things_in(stretch)])
            entries.append(Group(GroupSort.PART, name, (), children=stretch))
        else:
            entries += stretch
    return entries


def _is_module(child: int | Group) -> bool:
    return isinstance(child, Group) and (
        child.sort is GroupSort.MODULE or any(map(_is_module, child.children))
    )


def _is_loose(child: int | Group, things: Sequence[Thing]) -> bool:
    if isinstance(child, Group):
        return not _is_module(child)
    return not things[child].stands_out


def _things_in(children: "Iterable[int | Group]") -> list[int]:
    waiting, numbers = list(children), []
    for child in waiting:
        if isinstance(child, Group):
            waiting += child.children
        else:
            numbers.append(child)
    return numbers


def _lines_of(things: Iterable[Thing]) -> str:
    """Name a stretch by the function it runs in, or else by its lines: ``"ppo.py:21..27"``."""
    places = [thing.place for thing in things if thing.place is not None]
    functions = {place.function for place in places}
    files = {place.file for place in places}
    if len(functions) == 1 and not (name := functions.pop()).startswith("<") and name:
        return name
    if len(files) != 1:
        return "operations"
    first, last = _ends(places)
    name = file_and_line(first.file, first.line)
    return name if first.line == last.line else f"{name}..{last.line}"


def _ends(places: Sequence[Place]) -> tuple[Place, Place]:
    return (
        min(places, key=lambda place: place.line),
        max(places, key=lambda place: place.line),
    )
