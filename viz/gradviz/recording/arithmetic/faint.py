"""Whether what leaves an operation is only the rounding of parts that cancel.

An operation that adds up its gradient (over the places that a value was repeated to, or with what
a softmax or a normalisation subtracts) can leave nothing of it. What is computed then is not zero
but rounding. It is told from a gradient that is merely small by its parts: their magnitudes are
added up, and what left is compared with the precision of its type.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.flat_statistics import NORMALISES, has_single_key, is_of_one
from gradviz.recording.arithmetic.saved import lengths, number, saved
from gradviz.recording.names import operation_name

FAINT = 1e-4
"""Of what came: only what is smaller is looked into. A normalisation of what is constant divides by
the root of its ``eps``, so that more is left of rounding than its type holds.
"""

_ROUNDINGS = 8  # of the magnitudes added up: what additions of many parts may be off by
_TYPES = (torch.float32, torch.float64)  # those of half precision round more than tells anything

# By operation: the edge whose gradient is the sum of what arrives, over all that its value was
# added to
_ADDED = {
    "addmm": 0,
    "baddbmm": 0,
    "addmv": 0,
    "convolution": 2,
    "linear": 2,
    "native_batch_norm": 2,
    "native_layer_norm": 2,
    "native_group_norm": 2,
}
_CHANNELS = ("convolution", "native_batch_norm", "native_group_norm")  # along the second size
_NORMALISED = ("native_batch_norm", "native_layer_norm")
_ATTENTION = re.compile(r"^_?scaled_dot_product_\w*attention")
_MOST_SCORES = 2**22  # of an attention, that are computed again
_REPEATED = re.compile(r"^(add|sub|rsub|expand|repeat)$")

Sum = Callable[[dict[str, Tensor], Any, Tensor, bool], Tensor | None]
"""Returns what an operation adds up for its first input, from what it has saved, the node and a
gradient; where it is given magnitudes, those of its parts.
"""


def is_rounding(node: Any, edge: int, came: Tensor | None, went: Tensor | None) -> bool:
    """Say whether all that leaves a node along an edge is what cancelling parts round to.

    Args:
        node: The autograd node that runs.
        edge: The number of the edge.
        came: What arrived at the node, where it has one result.
        went: What leaves.
    """
    if came is None or went is None or not went.numel():
        return False
    if _is_constant(node, edge):
        return True
    if went.dtype not in _TYPES:
        return False
    came, went = torch_inside.detach(came), torch_inside.detach(went)
    parts = _added_up(node, edge, came.abs(), went, magnitudes=True)
    made = _added_up(node, edge, came, went, magnitudes=False)
    if parts is None or made is None or parts.shape != went.shape:
        return False
    bound = _ROUNDINGS * torch.finfo(went.dtype).eps * parts
    # What is made differs from what leaves where a hook on the node replaces it
    return bool(((went.abs() <= bound) & (made.abs() <= bound)).all())


def _is_constant(node: Any, edge: int) -> bool:
    """Say whether what a node gives does not depend on what an edge leads to, by its shape."""
    name = operation_name(type(node).__name__)
    if _ATTENTION.match(name):
        return has_single_key(saved(node), edge)
    return edge == 0 and re.search(NORMALISES, name) is not None and is_of_one(node)


def adds_up(operation: str, edge: int) -> bool:
    """Say whether an operation only sums what arrives for what an edge leads to."""
    return _ADDED.get(operation) == edge or _REPEATED.match(operation) is not None


def _added_up(
    node: Any, edge: int, gradient: Tensor, went: Tensor, *, magnitudes: bool
) -> Tensor | None:
    name = operation_name(type(node).__name__)
    factor = _factor(name, node, edge, gradient)
    if factor is not None:
        gradient = gradient * (factor.abs() if magnitudes else factor)
    elif edge < 2 and _ATTENTION.match(name):
        return _of_attention(saved(node), node, edge, gradient, magnitudes)
    elif not adds_up(name, edge):
        of_first = _FIRST.get(name) if edge == 0 else None
        return None if of_first is None else of_first(saved(node), node, gradient, magnitudes)
    scales = (number(node, label) for label in ("alpha", "beta"))
    if any(abs(scale) != 1 for scale in scales if scale is not None):
        return None
    if name in _CHANNELS:
        return gradient.transpose(0, 1).flatten(1).sum(1)
    return gradient.sum_to_size(went.shape) if gradient.shape != went.shape else None


def _factor(name: str, node: Any, edge: int, gradient: Tensor) -> Tensor | None:
    """Return what the gradient of an edge is multiplied by before it is added up, if it is."""
    if name == "mul":
        return saved(node).get(("other", "self")[edge])
    if name in _NORMALISED and edge == 1:
        return _normalised(saved(node), _beside(name, gradient))
    return None


def _beside(name: str, gradient: Tensor) -> tuple[int, ...]:
    """Return the shape that the mean, the scale and the weight of a normalisation have beside its
    input; empty where they fit.
    """
    return (1, -1) + (1,) * (gradient.dim() - 2) if name in _CHANNELS else ()


def _normalised(values: dict[str, Tensor], beside: tuple[int, ...]) -> Tensor | None:
    """Return what a normalisation gave before its weight."""
    taken, mean, scale = (values.get(label) for label in ("input", "result1", "result2"))
    if taken is None or mean is None or scale is None or not mean.numel():
        return None  # in evaluation it subtracts nothing that depends on its input
    return (taken - mean.view(beside)) * scale.view(beside) if beside else (taken - mean) * scale


def _of_softmax(
    values: dict[str, Tensor], node: Any, gradient: Tensor, magnitudes: bool
) -> Tensor | None:
    """Return the gradient of a softmax, or of its logarithm: each value's own, less its share of
    the sum.
    """
    result, dim = values.get("result"), number(node, "dim")
    if result is None or dim is None:
        return None
    is_log = operation_name(type(node).__name__) == "log_softmax"
    own, share = (gradient, result.exp()) if is_log else (result * gradient, result)
    less = share * own.sum(int(dim), keepdim=True)
    return own + less if magnitudes else own - less


def _of_attention(
    values: dict[str, Tensor], node: Any, edge: int, gradient: Tensor, magnitudes: bool
) -> Tensor | None:
    """Return the gradient of the queries or of the keys of an attention in one call, by way of its
    softmax.
    """
    query, key, value = (values.get(label) for label in ("query", "key", "value"))
    if query is None or key is None or value is None or number(node, "dropout_p") != 0:
        return None
    if query[..., 0].numel() * key.shape[-2] > _MOST_SCORES:
        return None
    scale = number(node, "scale") or query.shape[-1] ** -0.5
    scores = query @ key.mT * scale
    mask = values.get("attn_mask", values.get("attn_bias"))
    scores = scores if mask is None else scores + mask
    if number(node, "is_causal"):
        later = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -math.inf)
    shares = scores.softmax(-1)
    if magnitudes:
        query, key, value = query.abs(), key.abs(), value.abs()
    own = shares * (gradient @ value.mT)
    less = shares * own.sum(-1, keepdim=True)
    parts = (own + less if magnitudes else own - less) * scale
    return parts @ key if edge == 0 else parts.mT @ query


def _of_layer_norm(
    values: dict[str, Tensor], node: Any, gradient: Tensor, magnitudes: bool
) -> Tensor | None:
    dims = tuple(range(-len(lengths(node, "normalized_shape")), 0))
    return _of_normalised(values, gradient, dims, (), magnitudes) if dims else None


def _of_batch_norm(
    values: dict[str, Tensor], node: Any, gradient: Tensor, magnitudes: bool
) -> Tensor | None:
    dims = tuple(dim for dim in range(gradient.dim()) if dim != 1)
    beside = _beside("native_batch_norm", gradient)
    return _of_normalised(values, gradient, dims, beside, magnitudes)


def _of_normalised(
    values: dict[str, Tensor],
    gradient: Tensor,
    dims: tuple[int, ...],
    beside: tuple[int, ...],
    magnitudes: bool,
) -> Tensor | None:
    """Return the gradient of a normalisation: what arrives, less its mean, and less what follows
    the normalised values.

    Args:
        values: What it has saved.
        gradient: What arrives.
        dims: Those that it takes the mean over.
        beside: As :func:`_beside` gives it.
        magnitudes: Whether magnitudes are added up.
    """
    normalised, scale, weight = (
        _normalised(values, beside),
        values.get("result2"),
        values.get("weight"),
    )
    if normalised is None or scale is None:
        return None
    if beside:
        scale = scale.view(beside)
        weight = None if weight is None else weight.view(beside)
    if magnitudes:
        normalised, weight = normalised.abs(), None if weight is None else weight.abs()
    scaled = gradient if weight is None else gradient * weight
    less = scaled.mean(dims, keepdim=True)
    less = less + normalised * (scaled * normalised).mean(dims, keepdim=True)
    return scale * (scaled + less if magnitudes else scaled - less)


_FIRST: Mapping[str, Sum] = {
    "softmax": _of_softmax,
    "safe_softmax": _of_softmax,
    "log_softmax": _of_softmax,
    "native_layer_norm": _of_layer_norm,
    "native_batch_norm": _of_batch_norm,
}
