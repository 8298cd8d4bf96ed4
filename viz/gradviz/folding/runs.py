"""Which modules that are alike are told as one, and what these are called.

The same in the picture and on the page: ``layers.0..31``, ``h0..3``, ``0,2..18``.
"""

from collections.abc import Sequence

from gradviz.folding.tree import NUMBER

MANY = 4  # siblings named like h0 and h1 are one from this many on: conv1 and conv2 stay apart
TURNS = 3  # how often modules have to take turns, or to be called, until that is one


def least_turns(period: int) -> int:
    """Return how often siblings have to take turns, so many to a turn, to be told as one."""
    return TURNS if period > 1 else 2


def is_run(names: Sequence[str], period: int) -> bool:
    """Say whether modules that are alike and follow each other, so many to a turn, are told as one.

    >>> is_run(["0", "1"], 1), is_run(["conv1", "conv2"], 1), is_run(["cell", "cell"], 1)
    (True, False, False)

    Args:
        names: Of all of them in their order.
        period: How many there are in a turn.
    """
    turns = len(names) // period
    least = least_turns(period)
    for offset in range(period):
        column = names[offset::period]
        different = len(set(column))
        if different == 1:  # calls of one module
            least = max(least, TURNS)
        elif different < turns:
            return False
        elif NUMBER.search(column[0]) is None:
            least = max(least, MANY)
    return turns >= least


def joined(names: Sequence[str]) -> str:
    """Return one name for modules whose names differ in a number.

    >>> runs = ["3"], ["h0", "h1", "h2"], ["0", "2", "4", "6"], ["0", "4"], ["h.1.mlp", "h.0.mlp"]
    >>> tuple(map(joined, runs))
    ('3', 'h0..2', '0,2..6', '0,4', 'h.0..1.mlp')
    """
    if names[0] == names[-1]:
        return names[0]
    order = sorted(names, key=lambda name: [*map(by_number, name.split("."))])
    at = _differing(order[0], order[-1])
    if at is None:
        return spanned(names[0], names[-1])
    numbers = [by_number(name.split(".")[at])[1] for name in order]
    if numbers[-1] - numbers[0] == len(names) - 1:
        return spanned(order[0], order[-1])
    return spanned(order[0], order[-1], f",{numbers[1]}.." if names[2:] else ",")


def spanned(first: str, last: str, between: str = "..") -> str:
    """Return one name for what goes from the first to the last.

    >>> spanned("h.0", "h.11"), spanned("left", "right")
    ('h.0..11', 'left to right')
    """
    at = _differing(first, last)
    if at is None:
        return first if first == last else f"{first} to {last}"
    parts, number = first.split("."), by_number(last.split(".")[at])[1]
    parts[at] += f"{between}{number}"
    return ".".join(parts)


def _differing(first: str, last: str) -> int | None:
    """Return which part of two paths differs; None unless it is one, and in its number alone."""
    ends = [*zip(first.split("."), last.split("."), strict=False)]
    differ = [at for at, (a, b) in enumerate(ends) if a != b]
    if len(differ) != 1 or first.count(".") != last.count("."):
        return None
    start, end = map(by_number, ends[differ[0]])
    return differ[0] if start[0] == end[0] and min(start[1], end[1]) >= 0 else None


def by_number(name: str) -> tuple[str, int]:
    """Return a name without the number that it ends in, and that number; -1 where it ends in none.

    >>> by_number("12"), by_number("layer_3"), by_number("head")
    (('', 12), ('layer_', 3), ('head', -1))
    """
    prefix = name.rstrip("0123456789")
    return (
        (prefix, int(name[len(prefix) :]))
        if prefix != name and len(name) - len(prefix) < 10
        else (name, -1)
    )
