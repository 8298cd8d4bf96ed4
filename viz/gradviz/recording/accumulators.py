"""The nodes by which a backward ends: each adds to the ``.grad`` of a leaf."""

from typing import Any

from gradviz.recording import torch_inside

ACCUMULATORS: dict[type, bool] = {}  # classes of nodes that were met: whether they are such


def is_accumulator(node: Any) -> bool:
    """Say whether an autograd node is the one that adds to a leaf's ``.grad``."""
    kind = type(node)
    answer = ACCUMULATORS.get(kind)
    if answer is None:
        answer = ACCUMULATORS[kind] = kind.__name__ == torch_inside.ACCUMULATOR
    return answer
