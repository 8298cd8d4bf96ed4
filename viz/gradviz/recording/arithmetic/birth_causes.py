"""At which values an operation gives NaN or infinity, or has a derivative that is none, and what
mends it.

A check reads what the operation's autograd node has saved.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gradviz.recording.arithmetic.overflows import (
    determinant_overflow,
    exponential_overflow,
    inverse_overflow,
    larger,
    power_overflow,
    running_product,
    words_where,
)
from gradviz.recording.arithmetic.saved import number
from gradviz.recording.names import operation_name
from gradviz.recording.tensor_state import nodes_before

_NEAR = 6  # nodes before one that are looked at

Check = Callable[[dict[str, Tensor], Any], str | None]
"""Says of what a node has saved, and of the node, why it makes NaN or infinity.

Empty where it does not; None where what would show it cannot be read.
"""


@dataclass(frozen=True, slots=True)
class BirthCause:
    """What an operation does at certain values.

    Attributes:
        operations: Names, as a regular expression.
        usual: What is usually so, where the numbers cannot be read.
        mend: What mends it.
        result: Says whether its forward makes it.
        gradient: Says whether its backward alone does.
        masks: It is given -inf on purpose.
        blames: What it has saved that is to blame, where that is a value of before.
    """

    operations: str
    usual: str
    mend: str
    result: Check = lambda values, node: None
    gradient: Check = lambda values, node: None
    masks: bool = False
    blames: str = ""


def _at(label: str, test: Callable[[Tensor], Tensor], words: str) -> Check:
    """Return a check of one saved tensor: the words, and at how many elements it is so."""

    def check(values: dict[str, Tensor], node: Any) -> str | None:
        value = values.get(label)
        return None if value is None else words_where(words, test(value))

    return check


def _first(*checks: Check) -> Check:
    def check(values: dict[str, Tensor], node: Any) -> str | None:
        answers = [test(values, node) for test in checks]
        return next(filter(None, answers), None if None in answers else "")

    return check


def _power(test: Callable[[Tensor, Tensor], Tensor], words: str) -> Check:
    """Return a check of a base and its exponent."""

    def check(values: dict[str, Tensor], node: Any) -> str | None:
        base, exponent = values.get("self"), values.get("exponent", number(node, "exponent"))
        if base is None or exponent is None:
            return None
        return words_where(words, test(base, torch.as_tensor(exponent)))

    return check


def _masked_row(values: dict[str, Tensor], node: Any) -> str | None:
    result = values.get("result", values.get("output"))
    if result is None or not result.dim():
        return None
    rows = result.isnan().all(-1)
    hits = int(rows.sum())
    if not hits or not _may_be_masked(node):
        return ""
    return f"{hits} of {rows.numel()} rows hold nothing but -inf, as where all of a row is masked"


def _may_be_masked(node: Any) -> bool:
    """Say whether a mask may have gone into what a node takes in, as far as nodes tell."""
    for _ in range(_NEAR):
        name = operation_name(type(node).__name__)
        before = nodes_before(node)
        if re.search(r"masked|where|scaled_dot_product|attention|^baddbmm", name) or (
            re.search(r"^(add|sub|index_put|copy_slices|scatter)", name) and len(before) == 1
        ):
            return True
        if len(before) != 1 and not re.search(r"softmax|^(div|mul)$", name):
            return False
        if not before:
            return False
        node = before[0]
    return False


def _equal(label: str, words: str) -> Check:
    def check(values: dict[str, Tensor], node: Any) -> str | None:
        spectrum = values.get(label)
        if spectrum is None or spectrum.is_complex():
            return None
        if spectrum.shape[-1] < 2:
            return ""
        gaps = spectrum.sort(-1).values.diff(dim=-1)
        near = gaps.abs() <= torch.finfo(spectrum.dtype).eps * spectrum.abs().amax(-1, keepdim=True)
        return (
            f"two {words} are equal, and the derivative divides by their difference"
            if bool(near.any())
            else ""
        )

    return check


def _angle(values: dict[str, Tensor], node: Any) -> str | None:
    first, second = values.get("self"), values.get("other")
    if first is None or second is None:
        return None
    return words_where("atan2 of (0, 0) has no derivative", (first == 0) & (second == 0))


def _recomputed(values: dict[str, Tensor], node: Any) -> str | None:
    """Return what a function of one value makes of what went in."""
    value, function = values.get("self"), getattr(torch, operation_name(type(node).__name__), None)
    if value is None or function is None:
        return None
    result = function(value)
    return words_where("its result is infinite", result.isinf()) or words_where(
        "it is not defined there", result.isnan() & ~value.isnan()
    )


def _of_nothing(values: dict[str, Tensor], node: Any) -> str | None:
    numel = number(node, "self_sym_numel")
    return None if numel is None else "the mean of no elements is 0 / 0" if numel == 0 else ""


def _by_exponent(values: dict[str, Tensor], node: Any) -> str | None:
    base, exponent = values.get("self"), values.get("exponent")
    if base is None or exponent is None:
        return "" if base is not None else None
    return words_where(
        "the derivative by the exponent is the logarithm of the base, which is negative", base < 0
    )


def _singular(values: dict[str, Tensor], node: Any) -> str | None:
    factors = values.get("LU")
    if factors is None:
        return None
    hits = (factors.diagonal(dim1=-2, dim2=-1) == 0).any(-1)
    return words_where("the matrix is singular: the logarithm of its determinant is -inf", hits)


def _negative_variance(values: dict[str, Tensor], node: Any) -> str | None:
    variance = values.get("running_var")
    if variance is None or number(node, "training"):
        return ""
    return words_where("the running variance is below 0", variance < -(number(node, "eps") or 0))


_SINGULAR = "Add a little to the diagonal, or use a form that does not divide by it."
_CLAMP = "Keep what goes in away from there: clamp(min=eps), or + eps, before it."
SCALE = "Make what goes in smaller, or compute this in a type that holds larger numbers."
_DIVIDE = "Add eps to what is divided by, or clamp it."
CAUSES: tuple[BirthCause, ...] = (
    BirthCause(
        r"^rsqrt$",
        "1 / sqrt of 0",
        _CLAMP,
        result=_first(
            _at("result", torch.isinf, "1 / sqrt of 0"),
            _at("result", torch.isnan, "1 / sqrt of a negative value"),
        ),
    ),
    BirthCause(
        r"^sqrt$",
        "the derivative of sqrt at 0, which is infinite",
        _CLAMP,
        result=_at("result", torch.isnan, "the square root of a negative value"),
        gradient=_at("result", lambda r: r == 0, "the derivative of sqrt at 0 is infinite"),
    ),
    BirthCause(
        r"^log(2|10)?$",
        "the logarithm of 0",
        "Use log_softmax, logsigmoid or a loss that takes logits, or clamp(min=eps) before it.",
        result=_first(
            _at("self", lambda x: x == 0, "the logarithm of 0"),
            _at("self", lambda x: x < 0, "the logarithm of a negative value"),
        ),
    ),
    BirthCause(
        r"^log1_?p$",
        "log1p of -1",
        _CLAMP,
        result=_first(
            _at("self", lambda x: x == -1, "log1p of -1"),
            _at("self", lambda x: x < -1, "log1p of a value below -1"),
        ),
    ),
    BirthCause(
        r"^div",
        "a division by 0",
        _DIVIDE,
        result=_at("other", lambda x: x == 0, "a division by 0"),
    ),
    BirthCause(
        r"^mul$",
        "an overflow",
        SCALE,
        result=lambda values, node: larger(values, torch.mul, "self", "other"),
    ),
    BirthCause(r"^(cum)?prod$", "an overflow", SCALE, result=running_product),
    BirthCause(
        r"^reciprocal$",
        "a division by 0",
        _DIVIDE,
        result=_at("result", torch.isinf, "a division by 0"),
    ),
    BirthCause(
        r"^pow",
        "0 to a power below 1",
        _CLAMP,
        result=_first(
            _power(
                lambda x, n: (x < 0) & (n != n.floor()),
                "a negative value to a power that is no whole number",
            ),
            _power(lambda x, n: (x == 0) & (n < 0), "0 to a negative power"),
        ),
        gradient=_first(
            _power(
                lambda x, n: (x == 0) & (n < 1),
                "the derivative of 0 to a power below 1 is infinite",
            ),
            _by_exponent,
        ),
    ),
    BirthCause(r"^pow", "an overflow", SCALE, result=power_overflow),
    BirthCause(
        r"^(exp|exp2|expm1)$",
        "an overflow: the result is infinite, and 0 times infinity is NaN",
        "Clamp what goes in, also where torch.where leaves the result out: the branch that is not"
        " taken gets gradient too.",
        result=exponential_overflow,
    ),
    BirthCause(
        r"softmax|scaled_dot_product",
        "a row that is masked fully, so that it holds nothing but -inf",
        "Leave at least one key of every query unmasked, or take such rows out before it.",
        result=_masked_row,
        masks=True,
    ),
    BirthCause(
        r"logsumexp|logcumsumexp",
        "a row that holds nothing but -inf",
        "Leave one element of every row unmasked.",
        result=_at("result", torch.isinf, "a row holds nothing but -inf"),
        masks=True,
    ),
    BirthCause(
        r"(?<!layer_)(?<!group_)(?<!batch_)norm$|^cdist|^dist$",
        "the norm of a zero vector, which has no derivative",
        "Take (x.square().sum() + eps).sqrt(), or normalise with eps.",
        gradient=_at("result", lambda r: r == 0, "the norm of a zero vector has no derivative"),
    ),
    BirthCause(
        r"^std(_mean)?$",
        "the standard deviation of equal values, which has no derivative",
        "Take (x.var(correction=0) + eps).sqrt().",
        result=_first(
            *(
                _at(label, torch.isnan, "the standard deviation of a single value")
                for label in ("result", "result0")
            )
        ),
        gradient=_first(
            *(
                _at(
                    label,
                    lambda r: r == 0,
                    "the standard deviation of equal values has no derivative",
                )
                for label in ("result", "result0")
            )
        ),
    ),
    BirthCause(
        r"^atan2$",
        "atan2 of (0, 0), which has no derivative",
        "Add eps to one of the two where both are 0.",
        gradient=_angle,
    ),
    BirthCause(
        r"^atanh$",
        "a value of 1 or -1, at which it is infinite",
        "Clamp what goes in to (-1 + eps, 1 - eps).",
        result=_first(
            _at("self", lambda x: x.abs() == 1, "its result at 1 and -1 is infinite"),
            _at("self", lambda x: x.abs() > 1, "it is not defined beyond 1 and -1"),
        ),
    ),
    BirthCause(
        r"^(acos|asin)$",
        "its derivative at 1 and -1, which is infinite",
        "Clamp what goes in to (-1 + eps, 1 - eps), or use atan2.",
        result=_at("self", lambda x: x.abs() > 1, "it is not defined beyond 1 and -1"),
        gradient=_at("self", lambda x: x.abs() == 1, "its derivative at 1 and -1 is infinite"),
    ),
    BirthCause(
        r"^acosh$",
        "its derivative at 1, which is infinite",
        _CLAMP,
        result=_at("self", lambda x: x < 1, "it is not defined below 1"),
        gradient=_at("self", lambda x: x == 1, "its derivative at 1 is infinite"),
    ),
    BirthCause(
        r"^(lgamma|digamma|logit|erfinv|sinh|cosh|tan)$",
        "a value at which it is infinite",
        "Keep what goes in away from there, with clamp.",
        result=_recomputed,
    ),
    BirthCause(
        r"xlogy$|xlog1py$",
        "the logarithm of 0",
        _CLAMP,
        gradient=_at("other", lambda x: x == 0, "the logarithm of 0"),
    ),
    BirthCause(
        r"entr$",
        "the logarithm of 0",
        _CLAMP,
        gradient=_at("self", lambda x: x == 0, "the logarithm of 0"),
    ),
    BirthCause(
        r"^hypot$",
        "the length of (0, 0), which has no derivative",
        "Add eps under the root.",
        gradient=_at("result", lambda r: r == 0, "the length of (0, 0) has no derivative"),
    ),
    BirthCause(
        r"^var(_mean)?$", "the variance of a single value", "Take more values, or correction=0."
    ),
    BirthCause(
        r"^mean$",
        "the mean of no elements",
        "Leave the term out where nothing is selected.",
        result=_of_nothing,
    ),
    BirthCause(
        r"^nll_loss",
        "targets that are all ignore_index",
        "Leave the batch out where no target counts, or take the sum and divide by max(count, 1).",
        result=_at(
            "total_weight", lambda w: w == 0, "no target counts, and the mean of none is 0 / 0"
        ),
    ),
    BirthCause(
        r"^native_(layer|group)_norm$",
        "a deviation of 0",
        "Give it an eps.",
        result=_at("result2", torch.isinf, "the deviation of equal values is 0, and eps as well"),
    ),
    BirthCause(
        r"batch_norm",
        "a running variance below 0",
        "Look at what wrote the running variance: a checkpoint, or an update by hand.",
        result=_negative_variance,
        blames="running_var",
    ),
    BirthCause(
        r"^linalg_inv(_ex)?$", "a matrix that is singular", _SINGULAR, result=inverse_overflow
    ),
    BirthCause(
        r"^linalg_det$",
        "an overflow",
        SCALE,
        result=determinant_overflow,
    ),
    BirthCause(
        r"^linalg_(qr|solve_ex|solve|cholesky_ex)$",
        "a matrix that is singular",
        _SINGULAR,
    ),
    BirthCause(r"^linalg_slogdet$", "a matrix that is singular", _SINGULAR, result=_singular),
    BirthCause(
        r"svd",
        "two singular values that are equal",
        "Use svdvals, or add a little noise: the derivative of the vectors is not defined there.",
        gradient=_equal("S", "singular values"),
    ),
    BirthCause(
        r"eigh?$",
        "two eigenvalues that are equal",
        "Use eigvalsh, or add a little noise: the derivative of the vectors is not defined there.",
        gradient=_first(_equal("L", "eigenvalues"), _equal("eigenvalues", "eigenvalues")),
    ),
)


def causes_of(operation: str) -> tuple[BirthCause, ...]:
    """Return what is known of an operation by its name, such as ``"sqrt"``; none for most."""
    return tuple(cause for cause in CAUSES if re.search(cause.operations, operation))
