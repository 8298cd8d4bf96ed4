"""What the series of a run takes from a watched call, beside the report."""

import math
from collections.abc import Sequence

from torch import Tensor

from gradviz.graph import Graph, NodeKind
from gradviz.recording import sizes


def zeros_of(graph: Graph) -> dict[str, float]:
    """Return the share of exact zeros in the gradient of each parameter, where values were
    measured.
    """
    return {
        node.name: node.incoming[0].zeros
        for node in graph.nodes
        if node.kind is NodeKind.PARAMETER and node.incoming and node.incoming[0] is not None
    }


def is_finite(losses: Sequence[Tensor]) -> bool:
    """Say whether the losses that a backward began from are finite, as far as they can be read."""
    value = value_of(losses)
    return value is None or math.isfinite(value)


def value_of(losses: Sequence[Tensor]) -> float | None:
    """Return the value of the losses that a backward began from, added up.

    None where it cannot be read.
    """
    parts = [sizes.unseen(sizes.plain, loss) for loss in losses]
    counted = [part for part in parts if part is not None]
    return (
        sum(float(sizes.unseen(part.sum)) for part in counted)
        if counted and len(counted) == len(parts)
        else None
    )
