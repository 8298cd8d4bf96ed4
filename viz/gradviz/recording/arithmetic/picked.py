"""Why a gradient that comes to an indexing operation leaves it as zeros, by the index that it
saved.
"""

from typing import Any

import torch
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.saved import number

# What reads elements by an index, and what writes some into a tensor or adds them to it
_READS = ("index", "gather", "index_select", "take")
_WRITES = ("index_put", "scatter", "index_copy", "index_fill")
_ADDS = ("scatter_add", "index_add")
INDEXED = frozenset((*_READS, *_WRITES, *_ADDS))
"""The operations, by name."""

_ALONG_A_DIMENSION = ("index_select", "index_copy", "index_fill", "index_add")


def by_index(name: str, node: Any, edge: int, came: Tensor, went: Tensor) -> str | None:
    """Say why an operation of :data:`INDEXED` passes on zeros along an edge.

    Returns:
        Empty where the index does not show it; None where it cannot be read.
    """
    reads = name in _READS
    mask = _mask(name, node, went if reads else came)
    if mask is None:
        return None
    hits, every = int(mask.sum()), mask.numel()
    if reads:
        return (
            f"it picks {hits} of {every} elements, some more than once, and what arrives at each"
            " adds up to zero"
            if came.numel() > hits
            else ""
        )
    if edge:
        nothing = not bool(came[mask].any())
        return f"gradient comes in at none of the {hits} elements it is written to" * nothing
    if name in _ADDS or number(node, "accumulate"):
        return ""
    if hits == every:
        return f"all {every} elements of it are overwritten"
    nothing = not bool(came[~mask].any())
    return (
        f"{hits} of {every} elements of it are overwritten, and gradient comes in at no other"
        * nothing
    )


def _mask(name: str, node: Any, like: Tensor) -> Tensor | None:
    """Return which elements of a tensor an index names; None where it cannot be read."""
    mask = torch.zeros(like.shape, dtype=torch.bool, device=like.device)
    if name in ("index", "index_put"):
        indices = torch_inside.saved_list(node, "indices")
        if indices is None:
            return None
        mask[tuple(slice(None) if index is None else index for index in indices)] = True
        return mask
    if "index" not in torch_inside.saved_names(node):
        return None
    index, dim = torch_inside.saved_tensor(node, "index"), number(node, "dim")
    if index is None:
        return None
    if name == "take":
        return mask.flatten().index_fill(0, index.flatten(), value=True)
    if dim is None:
        return None
    if name in _ALONG_A_DIMENSION:
        return mask.index_fill(int(dim), index, value=True)
    return mask.scatter(int(dim), index, value=True)
