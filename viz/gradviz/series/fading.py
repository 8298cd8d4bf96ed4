"""How gradient fades or grows from block to block, from the last to the first in the model's order.

In a chain of layers that is its way back. Where blocks stand beside each other it is none, so that
the words name the order and no way.
"""

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from gradviz.series.data import Line
from gradviz.system.grouped import grouped

APART = 100.0  # times; blocks side by side in healthy deep models stay within a few times
_SMALLEST_NORMAL = 2.0**-126  # of float32, and of bfloat16
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fading:
    """What one call did to gradient from block to block. Read-only.

    A factor compares the root mean square of a block's gradient with that of the block after it, so
    that large blocks and small ones can be compared: below 1 it fades on its way back, above 1 it
    grows.

    Attributes:
        typical: The median of the factors.
        drop: The least factor, with the block after it and the block itself.
        growth: The greatest, likewise.
        apart: How many times as large a block's gradient is as that of the two siblings beside it,
            the block and the two. A sibling's name differs in its numbers alone. Of several the one
            that differs most; None where none is :data:`APART` times as large or as small.
        denormal: The blocks whose gradient is below the smallest normal number of float32, from the
            last to the first: float32 holds fewer and fewer digits of it, and then zero.
    """

    typical: float
    drop: tuple[float, str, str]
    growth: tuple[float, str, str]
    apart: tuple[float, str, str, str] | None = None
    denormal: tuple[str, ...] = ()


def fading(lines: Sequence[Line], place: int = -1) -> Fading | None:
    """Return how gradient changes from block to block in one call.

    None where fewer than three blocks have any.
    """
    norms = [
        (line, norm)
        for line in lines
        if line.numel and (norm := line.norms[place]) and math.isfinite(norm)
    ]
    sizes = [(line.name, norm / math.sqrt(line.numel)) for line, norm in norms]
    factors = [
        (size / after, later, name) for (name, size), (later, after) in itertools.pairwise(sizes)
    ]
    if len(factors) < 2:
        return None
    return Fading(
        typical=median(factor for factor, _, _ in factors),
        drop=min(factors),
        growth=max(factors),
        apart=_apart(sizes),
        denormal=tuple(name for name, size in reversed(sizes) if size < _SMALLEST_NORMAL),
    )


def _apart(sizes: Sequence[tuple[str, float]]) -> tuple[float, str, str, str] | None:
    """Return the block that differs most from both of the siblings beside it, in one direction.

    Where gradient fades from block to block, a block lies between its two.
    """
    siblings = grouped((_NUMBER.sub("#", name), (name, size)) for name, size in sizes)
    strange = []
    for some in siblings.values():
        for (before, low), (name, size), (after, high) in zip(
            some, some[1:], some[2:], strict=False
        ):
            nearest = min(low, high) if size < low else max(low, high)
            if not 1 / APART < size / nearest < APART and (size < low) is (size < high):
                strange.append((size / nearest, name, before, after))
    return max(strange, key=lambda block: abs(math.log(block[0])), default=None)
