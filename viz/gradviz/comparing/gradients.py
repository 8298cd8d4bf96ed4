"""By how much the gradient of a block differs between two runs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median

from gradviz.series.blocks import blocks
from gradviz.series.data import Line, Series

# Batches and seeds change the norm of a block by a few times, a healthy run of some hundred steps
# as well; ten times is another gradient.
APART = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resized:
    """A block whose gradient is of another size than in the run before. Read-only.

    Attributes:
        name: The block's, as in the later run.
        before, after: Median norm of its gradient over the calls watched; neither is zero.
    """

    name: str
    before: float
    after: float


def resized(
    before: Series | None, after: Series | None, names: Mapping[str, str]
) -> tuple[Resized, ...]:
    """Return the blocks whose median norm is at least :data:`APART` times as large or as small.

    Args:
        before, after: The numbers of both runs; None where none were kept.
        names: The name in the later run of each parameter of the earlier one.
    """
    if before is None or after is None:
        return ()
    parameters = tuple(
        replace(line, name=names[line.name]) for line in before.parameters if line.name in names
    )
    kept = {line.name for line in parameters}
    both = tuple(line for line in after.parameters if line.name in kept)
    old = {line.name: _usual(line) for line in blocks(replace(before, parameters=parameters))}
    new = {line.name: _usual(line) for line in blocks(replace(after, parameters=both))}
    return tuple(
        Resized(name=name, before=was, after=norm)
        for name, norm in new.items()
        if norm and (was := old.get(name)) and not 1 / APART < norm / was < APART
    )


def _usual(line: Line) -> float | None:
    """Return the median norm of a block; None where no finite one is known."""
    norms = [norm for norm in line.norms if norm is not None and math.isfinite(norm)]
    return median(norms) if norms else None
