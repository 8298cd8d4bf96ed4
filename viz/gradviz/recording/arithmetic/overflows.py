"""Whether what an operation gives is more than its type can hold, and in which words.

A check reads what the operation's autograd node has saved: empty where it is not so, None where
what would show it cannot be read.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.saved import number
from gradviz.recording.names import operation_name

# The names under which products of matrices save what they multiply, and where it goes in
_FACTORS = {
    "addmm": {"mat1": 1, "mat2": 2},
    "mm": {"self": 0, "mat2": 1},
    "bmm": {"self": 0, "mat2": 1},
    "baddbmm": {"batch1": 1, "batch2": 2},
    "mv": {"self": 0, "vec": 1},
}


def _count(mask: Tensor) -> str:
    """Return ``"3 of 10 elements"``; empty where there are none."""
    hits = int(mask.sum())
    return f"{hits} of {mask.numel()} elements" if hits else ""


def words_where(words: str, mask: Tensor) -> str:
    """Return the words, and at how many elements it is so; empty where there are none."""
    count = _count(mask)
    return f"{words}, at {count}" if count else ""


def overflow(mask: Tensor, dtype: torch.dtype) -> str:
    """Say at how many elements a result is more than its type holds; empty where there are none."""
    return words_where(f"the result is larger than {largest_of(dtype)}", mask)


def largest_of(dtype: torch.dtype) -> str:
    """Return ``"3.4e+38, the largest number of float32"``."""
    most = torch.finfo(dtype).max
    number = f"{most:.0f}" if most < 1e6 else f"{most:.3g}"
    return f"{number}, the largest number of {str(dtype).removeprefix('torch.')}"


def larger(values: dict[str, Tensor], compute: Callable[..., Tensor], *labels: str) -> str | None:
    """Say whether a result is more than its type holds, though finite values went in."""
    operands = [values.get(label) for label in labels]
    if any(operand is None for operand in operands):
        return None
    result = compute(*operands)
    if not result.is_floating_point():
        return ""
    finite = [operand.isfinite() for operand in operands if operand is not None]
    mask = result.isinf()
    for part in finite:
        mask = mask & part
    return overflow(mask, result.dtype)


def power_overflow(values: dict[str, Tensor], node: Any) -> str | None:
    """Say whether a power is too large."""
    base, exponent = values.get("self"), values.get("exponent", number(node, "exponent"))
    if base is None or exponent is None:
        return None
    nonzero = {"base": torch.where(base == 0, torch.ones_like(base), base)}
    return larger(nonzero, lambda value: value.pow(exponent), "base")


def exponential_overflow(values: dict[str, Tensor], node: Any) -> str | None:
    """Say whether a result is too large, and what comes of it."""
    result = values.get("result")
    if result is None:
        return None
    words = overflow(result.isinf(), result.dtype)
    return words and f"{words}; 0 times infinity is NaN"


def running_product(values: dict[str, Tensor], node: Any) -> str | None:
    """Say whether a product of many values is too large, or NaN as a part of it is too large."""
    value, result = values.get("self"), values.get("result")
    if value is None or result is None:
        return None
    if not bool(value.isfinite().all()):
        return ""
    words = overflow(result.isinf(), result.dtype)
    if words or result.is_complex():
        return words
    return words_where(
        f"the product of some of its values is larger than {largest_of(result.dtype)}, and another"
        " is 0; 0 times infinity is NaN",
        result.isnan(),
    )


def inverse_overflow(values: dict[str, Tensor], node: Any) -> str | None:
    """Say whether an inverse is too large; None where it is NaN alone, which does not tell."""
    inverse = values.get("inverse")
    if inverse is None:
        return None
    words = overflow(inverse.isinf(), inverse.dtype)
    if words:
        return f"{words}, as the inverse of a matrix that is all but singular"
    return None if bool(inverse.isnan().any()) else ""


def determinant_overflow(values: dict[str, Tensor], node: Any) -> str | None:
    """Say whether a determinant is too large; that of a singular matrix is 0."""
    result = values.get("result")
    if result is None or bool(result.isnan().any()):
        return None
    return overflow(result.isinf(), result.dtype)


def product_overflow(node: Any, values: dict[str, Tensor]) -> str | None:
    """Say whether a product of matrices is more than its type holds, though its factors are finite.

    It is computed again for that; None where the factors cannot be read.
    """
    factors: list[Tensor] = []
    for label, position in _FACTORS.get(operation_name(type(node).__name__), {}).items():
        factor = values[label] if label in values else _leaf_at(node, position)
        if factor is None or not bool(factor.isfinite().all()):
            return None
        factors.append(factor)
    if not factors:
        return None
    result = torch.matmul(*factors)
    return overflow(result.isinf(), result.dtype) if result.is_floating_point() else None


def _leaf_at(node: Any, position: int) -> Tensor | None:
    """Return the leaf that goes in at a position, also transposed, as a linear layer's weight."""
    before = node.next_functions[position][0]
    leaf: Tensor | None = getattr(before, "variable", None)
    if leaf is None and operation_name(type(before).__name__) == "t":
        leaf = getattr(before.next_functions[0][0], "variable", None)
        return None if leaf is None else torch_inside.detach(leaf).t()
    return None if leaf is None else torch_inside.detach(leaf)
