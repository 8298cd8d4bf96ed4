"""What takes turns in a sequence: equal siblings, the operations of a loop, layers of two kinds."""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence


def periods(
    kinds: Sequence[Hashable],
    *,
    longest: int,
    least: Callable[[int], int],
    is_worth: Callable[[int, int, int], bool] = lambda start, period, length: True,
) -> Iterator[tuple[int, int, int]]:
    """Yield a sequence as stretches ``(start, end, period)``, a period of 0 where nothing repeats.

    What saves most is taken first.

    >>> list(periods("aaababab-", longest=8, least=lambda period: 3))
    [(0, 2, 0), (2, 8, 2), (8, 9, 0)]

    Args:
        kinds: Equal where two things are alike.
        longest: The longest period that is looked for.
        least: How often a period of a length has to be there.
        is_worth: Says of a start, a period and a length whether it counts.
    """
    taken = bytearray(len(kinds))
    stretches: list[tuple[int, int, int]] = []
    for _, start, period, length in sorted(_candidates(kinds, longest, least)):
        if taken.find(1, start, start + length) < 0 and is_worth(start, period, length):
            taken[start : start + length] = bytes([1]) * length
            stretches.append((start, start + length, period))
    at = 0
    for start, end, period in sorted(stretches):
        if at < start:
            yield at, start, 0
        yield start, end, period
        at = end
    if at < len(kinds):
        yield at, len(kinds), 0


def _candidates(
    kinds: Sequence[Hashable], longest: int, least: Callable[[int], int]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield what repeats.

    Minus how many things that saves, where it starts, its period and its length.
    """
    numbers: dict[Hashable, int] = {}
    in_numbers = [numbers.setdefault(kind, len(numbers)) for kind in kinds]
    # One byte of each number to a plane, so that two stretches are compared as one number each
    planes = [
        int.from_bytes(bytes([(number >> shift) & 255 for number in in_numbers]), "little")
        for shift in range(0, len(numbers).bit_length(), 8)
    ]
    for period in range(1, min(longest, len(kinds) // 2) + 1):
        repeated = (least(period) - 1) * period
        if repeated + period > len(kinds):
            continue
        differs = 0
        for plane in planes:
            differs |= plane ^ (plane >> 8 * period)
        compared = differs.to_bytes(len(kinds), "little")[: len(kinds) - period]
        for run in re.finditer(rb"\0{%d,}" % repeated, compared):
            whole = (run.end() - run.start() + period) // period * period
            yield period - whole, run.start(), period, whole
