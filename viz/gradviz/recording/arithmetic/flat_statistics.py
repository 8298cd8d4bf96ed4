"""Why normalisations, spreads and samplings pass on zeros, read off what their nodes have saved.

A reason is given only where the numbers show it; else an empty text.
"""

from typing import Any

from torch import Tensor

from gradviz.recording.arithmetic.saved import lengths, number

NORMALISES = r"^(native|cudnn|miopen)_(batch|layer|group)_norm$"
SINGLE_KEY = "a softmax over a single value is constant: there is one key"
_NEAREST = 1  # torch's number of that way to sample


def normalised(values: dict[str, Tensor], node: Any, edge: int, zero_factor: str) -> str:
    """Return how a normalisation passes nothing to what it normalises: by a weight of zeros, or
    since each value is normalised by itself.
    """
    if edge != 0:
        return ""
    weight = values.get("weight")
    if weight is not None and weight.numel() and not bool(weight.any()):
        return zero_factor
    return "a normalisation over a single value is constant" if is_of_one(node) else ""


def is_of_one(node: Any) -> bool:
    """Say whether a normalisation takes each value by itself, so that what it gives is constant."""
    shape = lengths(node, "normalized_shape")
    if shape:
        return all(length == 1 for length in shape)
    groups = number(node, "group")
    channels, rest = number(node, "C"), number(node, "HxW")
    return bool(groups) and channels == groups and rest == 1


def has_single_key(values: dict[str, Tensor], edge: int) -> bool:
    """Say whether an edge of an attention leads to its queries or keys, and there is one key: its
    share is 1 whatever they are.
    """
    key = values.get("key")
    return edge < 2 and key is not None and key.dim() > 1 and key.shape[-2] == 1


def of_equals(values: dict[str, Tensor], node: Any, edge: int) -> str:
    """Return how the variance or deviation is of values that are all equal."""
    value = values.get("self")
    if value is None or not value.numel():
        return ""
    dims = [place - 2**64 if place >= 2**63 else place for place in lengths(node, "dim")]
    low, high = (value.amin(dims), value.amax(dims)) if dims else (value.min(), value.max())
    equal = "the values that it is of are all equal, where its gradient is taken to be 0"
    return equal if bool((low == high).all()) else ""


def sampled(values: dict[str, Tensor], node: Any, edge: int) -> str:
    """Return how points at which an image is sampled do not matter."""
    if edge == 1 and number(node, "interpolation_mode") == _NEAREST:
        return "the nearest pixel is taken, which stays the same where a point moves a little"
    grid = values.get("grid")
    if grid is None or not grid.numel() or not bool((grid.abs().amax(-1) > 1).all()):
        return ""
    return "every point that it samples lies outside of the image"
