"""What an autograd node has saved for its backward, read while it is there.

Nothing of the user's runs for it.

A tensor that hooks of the user's have packed (offloaded, or left to be computed again by a
checkpoint) is not read: that would run them.
"""

from typing import Any

from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.sizes import plain

RESULTS = frozenset(
    "result result0 result1 result2 output out grid inverse U S Vh L eigenvalues eigenvectors V Q"
    " R logsumexp".split()
)
"""Names under which nodes save what they gave, and not what went in."""


def saved(node: Any) -> dict[str, Tensor]:
    """Return what a node has saved and what can be read of it, by torch's names for it."""
    tensors: dict[str, Tensor] = {}
    for name in torch_inside.saved_names(node):
        value = torch_inside.saved_tensor(node, name)
        if value is not None and plain(value) is not None:
            tensors[name] = value
    return tensors


def number(node: Any, name: str) -> float | None:
    """Return a plain number that a node has saved; None where there is none of that name."""
    value = getattr(node, f"_saved_{name}", None)
    if isinstance(value, int) and value >= 2**63:
        value -= 2**64  # torch gives what is negative as if it had no sign
    return float(value) if isinstance(value, (int, float)) else None


def lengths(node: Any, name: str) -> tuple[int, ...]:
    """Return whole numbers that a node has saved; none where there are none of that name."""
    return tuple(getattr(node, f"_saved_{name}", None) or ())
