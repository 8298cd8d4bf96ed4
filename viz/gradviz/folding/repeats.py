"""What repeats on a level of a tree, and what is too long for one level."""

from collections.abc import Iterator, Sequence

from gradviz.folding.periods import periods
from gradviz.folding.tree import LONG, MOST, NUMBER, Entry, Group, GroupSort

REPEATS = 3  # how often something has to repeat
PERIOD = 64  # the longest stretch that is recognised when it repeats


def repeats(entries: Sequence[Entry]) -> Iterator[tuple[int, int, int]]:
    """Return the entries as stretches ``(start, end, period)``.

    The period is 0 where nothing repeats. What saves most is taken first.
    """

    def is_worth(start: int, period: int) -> bool:
        has_module = any(entry.is_module for entry in entries[start : start + period])
        return len(entries) > LONG or has_module

    kinds = [entry.signature for entry in entries]
    return periods(kinds, longest=PERIOD, least=lambda period: REPEATS, is_worth=is_worth)


def parted(children: "list[int | Group]", path: tuple[str, ...]) -> "list[int | Group]":
    """Return children in parts of parts, where they are too many for one level."""
    while len(children) > MOST:
        size = -(-len(children) // -(-len(children) // MOST))
        parts: list[int | Group] = []
        for start in range(0, len(children), size):
            part = children[start : start + size]
            first, last = part[0], part[-1]
            named = (
                isinstance(first, Group)
                and isinstance(last, Group)
                and NUMBER.search(first.name)
                and NUMBER.search(last.name)
            )
            name = _span(first.name, last.name) if named else f"{start + 1}..{start + len(part)}"  # type: ignore[union-attr]
            parts.append(Group(GroupSort.PART, name, path, children=part))
        children = parts
    return children


def name_of_run(entries: Sequence[Entry], period: int) -> str:
    """Return the name of a run: ``"h.0..11"``, ``"cell and head"``, ``"MulBackward0 and 3 more"``.

    By its modules, where it has any: what else repeats with them is seen when it is opened.
    """
    names = [
        _span(first.name, last.name)
        for first, last in zip(entries[:period], entries[-period:], strict=True)
        if first.is_module
    ]
    if len(names) in (1, 2):
        return " and ".join(names)
    first, rest = (names[0], len(names) - 1) if names else (entries[0].name, period - 1)
    return first + (f" and {rest} more" if rest else "")


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
