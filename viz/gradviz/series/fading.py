"""How gradient fades or grows from block to block, against its way.

From the last block, which is nearest to the loss, to the first.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from gradviz.series.data import Line


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
    """

    typical: float
    drop: tuple[float, str, str]
    growth: tuple[float, str, str]


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
        typical=median(factor for factor, _, _ in factors), drop=min(factors), growth=max(factors)
    )
