"""What an autograd node is called."""

import re
from typing import Any

from gradviz.recording import torch_inside


def operation_name(node: str) -> str:
    """Return the name of an operation: ``"nll_loss"`` for ``"NllLossBackward0"``."""
    plain = re.sub(r"(\d)D(?=[A-Z]|$)", r"\1d", re.sub(r"Backwards?\d*$", "", node))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()


# The nodes by which a backward ends: each adds to the ``.grad`` of a leaf.


ACCUMULATORS: dict[type, bool] = {}  # classes of nodes that were met: whether they are such


def is_accumulator(node: Any) -> bool:
    """Say whether an autograd node is the one that adds to a leaf's ``.grad``."""
    kind = type(node)
    answer = ACCUMULATORS.get(kind)
    if answer is None:
        answer = ACCUMULATORS[kind] = kind.__name__ == torch_inside.ACCUMULATOR
    return answer
