"""What repeats on a level of a tree, and what is too long for one level."""

import re
from collections.abc import Iterator, Sequence

from gradviz.folding.periods import periods
from gradviz.folding.runs import TURNS, is_run, joined, spanned
from gradviz.folding.tree import LONG, MOST, NUMBER, Entry, Group, GroupSort

PERIOD = 64  # the longest stretch that is recognised when it repeats

_START, _END = re.compile(r"\d+\.\.(?=\d)"), re.compile(r"(?<=\d)\.\.\d+")  # of a run: 0..11


def repeats(entries: Sequence[Entry]) -> Iterator[tuple[int, int, int]]:
    """Return the entries as stretches ``(start, end, period)``.

    The period is 0 where nothing repeats. What saves most is taken first.
    """
    have_modules = any(entry.is_module for entry in entries)

    def is_worth(start: int, period: int, length: int) -> bool:
        in_turn = sum(entry.is_module for entry in entries[start : start + period])
        if not in_turn:
            return len(entries) > LONG and length >= TURNS * period
        names = [entry.name for entry in entries[start : start + length] if entry.is_module]
        return is_run(names, in_turn)

    kinds = [entry.signature for entry in entries]
    least = 2 if have_modules else TURNS
    return periods(kinds, longest=PERIOD, least=lambda period: least, is_worth=is_worth)


def parted(children: "list[int | Group]", path: tuple[str, ...]) -> "list[int | Group]":
    """Return children in parts of parts, where they are too many for one level."""
    while len(children) > MOST:
        size = -(-len(children) // -(-len(children) // MOST))
        parts: list[int | Group] = []
        for start in range(0, len(children), size):
            part = children[start : start + size]
            name = f"{start + 1}..{start + len(part)}"
            ends = [child.name for child in (part[0], part[-1]) if isinstance(child, Group)]
            if len(ends) == 2 and all(map(NUMBER.search, ends)):
                name = spanned(_END.sub("", ends[0]), _START.sub("", ends[1]))
            parts.append(Group(GroupSort.PART, name, path, children=part))
        children = parts
    return children


def name_of_run(entries: Sequence[Entry], period: int) -> str:
    """Return the name of a run: ``"h.0..11"``, ``"cell and head"``, ``"MulBackward0 and 3 more"``.

    By its modules, where it has any: what else repeats with them is seen when it is opened.
    """
    names = [
        joined([entry.name for entry in entries[offset::period]])
        for offset in range(period)
        if entries[offset].is_module
    ]
    if len(names) in (1, 2):
        return " and ".join(names)
    first, rest = (names[0], len(names) - 1) if names else (entries[0].name, period - 1)
    return first + (f" and {rest} more" if rest else "")
