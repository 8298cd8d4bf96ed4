"""Where NaN or infinity is born, and why.

Read off what the operation has saved, at the moment when its backward gives it.

Where a value of the forward is to blame, it is followed back to the operation that made it. What is
not seen in the numbers is said to be "usually" so.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gradviz.recording.names import operation_name
from gradviz.recording.saved import RESULTS, number, saved
from gradviz.recording.sizes import plain
from gradviz.recording.tape import is_accumulator
from gradviz.recording.torch_inside import node_number

_FAR = 4_000  # nodes that are looked at for where a value of the forward came from
_HALVES = (torch.float16, torch.bfloat16)

Check = Callable[[dict[str, Tensor], Any], str]
"""Says of what a node has saved, and of the node, why it makes NaN or infinity; empty where it
does not.
"""


@dataclass(frozen=True, slots=True)
class Born:
    """A birth of NaN or infinity.

    Attributes:
        node: The tape's number of the operation.
        forward: It is the result of its forward; else the gradient that its backward gives.
        why: A sentence.
        mend: What mends it.
    """

    node: int
    forward: bool
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class _Cause:
    """What an operation does at certain values.

    Attributes:
        operations: Names, as a regular expression.
        usual: What is usually so, where the numbers cannot be read.
        mend: What mends it.
        result: Says whether its forward makes it.
        gradient: Says whether its backward alone does.
        masks: It is given -inf on purpose.
    """

    operations: str
    usual: str
    mend: str
    result: Check = lambda values, node: ""
    gradient: Check = lambda values, node: ""
    masks: bool = False


def look(node: Any, went: Sequence[Tensor]) -> tuple[Any, bool, str, str]:
    """Say where and why NaN or infinity came about that leaves a node in backward, though finite
    gradient came to it.

    Returns:
        The node of the operation, whether its forward made it, why, and what mends it.
    """
    name, values = operation_name(type(node).__name__), saved(node)
    cause = _cause(name)
    if any(not _finite(value) for value in values.values()) or (
        cause is not None and cause.result(values, node)
    ):
        return made_in_forward([node]) or (node, True, *_usually(cause))
    told = cause.gradient(values, node) if cause is not None else ""
    if cause is not None and told:
        return node, False, told, cause.mend
    for gradient in went:
        if (
            gradient.dtype in _HALVES
            and bool(gradient.isinf().any())
            and not bool(gradient.isnan().any())
        ):
            dtype, most = (
                str(gradient.dtype).removeprefix("torch."),
                torch.finfo(gradient.dtype).max,
            )
            mend = "Scale the loss down (GradScaler finds the scale), or compute this in float32."
            return (
                node,
                False,
                f"the gradient is larger than {most:g}, the largest number of {dtype}",
                mend,
            )
    return node, False, *_usually(cause)


def unread(operation: str) -> tuple[str, str]:
    """Say what there is to say of a loss that is not finite, where no value that can be read shows
    how that began.
    """
    cause = _cause(operation_name(operation))
    if cause is not None:
        return _usually(cause)
    return (
        "the loss is not finite, and no value that can be read shows where that began",
        "Look at the values before it.",
    )


def usually(operation: str) -> tuple[str, str]:
    """Say what is usually the reason, where no numbers can be read; and what mends it."""
    return _usually(_cause(operation_name(operation)))


def made_in_forward(nodes: Sequence[Any]) -> tuple[Any, bool, str, str] | None:
    """Say which operation of the forward made the first value that is not finite, of those before
    some nodes that can be read.

    Returns:
        As :func:`look`; None where every value that can be read is finite, and every operation of
        it harmless.
    """
    seen, queue = set(nodes), list(nodes)
    first: tuple[tuple[bool, int], tuple[Any, bool, str, str]] | None = None
    while queue and len(seen) < _FAR:
        node = queue.pop()
        found = _made_by(node)
        if found is not None:
            rank = (found[2].startswith("usually"), node_number(node))
            first = min(first or (rank, found), (rank, found), key=lambda one: one[0])
        for before, _ in node.next_functions:
            if before is None or before in seen:
                continue
            seen.add(before)
            if not is_accumulator(before):
                queue.append(before)
            elif not _finite(before.variable):
                holds = "NaN" if bool(before.variable.isnan().any()) else "infinity"
                mend = "Look at what made it so before."
                return (
                    node,
                    True,
                    f"a leaf that goes in (a parameter, or an input) holds {holds} already",
                    mend,
                )
    return None if first is None else first[1]


def _made_by(node: Any) -> tuple[Any, bool, str, str] | None:
    values = saved(node)
    spoiled = {label: value for label, value in values.items() if not _finite(value)}
    if given := [
        label
        for label, value in spoiled.items()
        if label not in RESULTS and value.grad_fn is None and bool(value.isnan().any())
    ]:
        return (
            node,
            True,
            f"what goes in holds NaN already ({given[0]}), and is no result of this graph",
            "Look at the data.",
        )
    cause = _cause(operation_name(type(node).__name__))
    masks = (
        cause is not None
        and cause.masks
        and not any(bool((value.isnan() | value.isposinf()).any()) for value in _inputs(values))
    )
    if any(label not in RESULTS for label in spoiled) and not masks:
        return None  # it came from before
    told = cause.result(values, node) if cause is not None else ""
    if cause is not None and told:
        return node, True, told, cause.mend
    return (node, True, *_usually(cause)) if spoiled else None


def _inputs(values: dict[str, Tensor]) -> list[Tensor]:
    return [
        value
        for label, value in values.items()
        if label not in RESULTS and value.is_floating_point()
    ]


def _cause(name: str) -> _Cause | None:
    return next((cause for cause in _CAUSES if re.search(cause.operations, name)), None)


def _usually(cause: _Cause | None) -> tuple[str, str]:
    if cause is None:
        return (
            "what goes in is finite, and what comes out is not",
            "Look at the values that go in, and at what their type can hold.",
        )
    return f"usually because of {cause.usual}", cause.mend


def _finite(value: Tensor) -> bool:
    numbers = plain(value)
    return numbers is None or bool(numbers.isfinite().all())


def _count(mask: Tensor) -> str:
    """``"3 of 10 elements"``; empty where there are none."""
    hits = int(mask.sum())
    return f"{hits} of {mask.numel()} elements" if hits else ""


def _at(label: str, test: Callable[[Tensor], Tensor], words: str) -> Check:
    """Return a check of one saved tensor: the words, and at how many elements it is so."""

    def check(values: dict[str, Tensor], node: Any) -> str:
        value = values.get(label)
        count = "" if value is None else _count(test(value))
        return f"{words}, at {count}" if count else ""

    return check


def _first(*checks: Check) -> Check:
    return lambda values, node: next(
        (told for check in checks if (told := check(values, node))), ""
    )


def _power(test: Callable[[Tensor, Tensor], Tensor], words: str) -> Check:
    """Return a check of a base and its exponent."""

    def check(values: dict[str, Tensor], node: Any) -> str:
        base, exponent = values.get("self"), values.get("exponent", number(node, "exponent"))
        count = (
            ""
            if base is None or exponent is None
            else _count(test(base, torch.as_tensor(exponent)))
        )
        return f"{words}, at {count}" if count else ""

    return check


def _masked_row(values: dict[str, Tensor], node: Any) -> str:
    result = values.get("result", values.get("output"))
    rows = None if result is None or not result.dim() else result.isnan().all(-1)
    hits = 0 if rows is None else int(rows.sum())
    return (
        f"{hits} of {rows.numel()} rows hold nothing but -inf, as where all of a row is masked"
        if rows is not None and hits
        else ""
    )


def _equal(label: str, words: str) -> Check:
    def check(values: dict[str, Tensor], node: Any) -> str:
        spectrum = values.get(label)
        if spectrum is None or spectrum.shape[-1] < 2 or spectrum.is_complex():
            return ""
        gaps = spectrum.sort(-1).values.diff(dim=-1)
        near = gaps.abs() <= torch.finfo(spectrum.dtype).eps * spectrum.abs().amax(-1, keepdim=True)
        return (
            f"two {words} are equal, and the derivative divides by their difference"
            if bool(near.any())
            else ""
        )

    return check


def _angle(values: dict[str, Tensor], node: Any) -> str:
    first, second = values.get("self"), values.get("other")
    count = "" if first is None or second is None else _count((first == 0) & (second == 0))
    return f"atan2 of (0, 0) has no derivative, at {count}" if count else ""


def _too_large(values: dict[str, Tensor], node: Any) -> str:
    result = values.get("result")
    if result is None or not (count := _count(result.isinf())):
        return ""
    dtype, most = str(result.dtype).removeprefix("torch."), torch.finfo(result.dtype).max
    return (
        f"the result is larger than {most:.3g}, the largest number of {dtype}, at {count}; 0 times"
        " infinity is NaN"
    )


def _recomputed(values: dict[str, Tensor], node: Any) -> str:
    """What a function of one value makes of what went in."""
    value, function = values.get("self"), getattr(torch, operation_name(type(node).__name__), None)
    if value is None or function is None:
        return ""
    result = function(value)
    if count := _count(result.isinf()):
        return f"its result is infinite, at {count}"
    return (
        f"it is not defined there, at {count}"
        if (count := _count(result.isnan() & ~value.isnan()))
        else ""
    )


def _of_nothing(values: dict[str, Tensor], node: Any) -> str:
    return "the mean of no elements is 0 / 0" if number(node, "self_sym_numel") == 0 else ""


_SINGULAR = "Add a little to the diagonal, or use a form that does not divide by it."
_CLAMP = "Keep what goes in away from there: clamp(min=eps), or + eps, before it."
_DIVIDE = "Add eps to what is divided by, or clamp it."
_CAUSES: tuple[_Cause, ...] = (
    _Cause(
        r"^rsqrt$",
        "1 / sqrt of 0",
        _CLAMP,
        result=_first(
            _at("result", torch.isinf, "1 / sqrt of 0"),
            _at("result", torch.isnan, "1 / sqrt of a negative value"),
        ),
    ),
    _Cause(
        r"^sqrt$",
        "the derivative of sqrt at 0, which is infinite",
        _CLAMP,
        result=_at("result", torch.isnan, "the square root of a negative value"),
        gradient=_at("result", lambda r: r == 0, "the derivative of sqrt at 0 is infinite"),
    ),
    _Cause(
        r"^log(2|10)?$",
        "the logarithm of 0",
        "Use log_softmax, logsigmoid or a loss that takes logits, or clamp(min=eps) before it.",
        result=_first(
            _at("self", lambda x: x == 0, "the logarithm of 0"),
            _at("self", lambda x: x < 0, "the logarithm of a negative value"),
        ),
    ),
    _Cause(
        r"^log1_?p$",
        "log1p of -1",
        _CLAMP,
        result=_first(
            _at("self", lambda x: x == -1, "log1p of -1"),
            _at("self", lambda x: x < -1, "log1p of a value below -1"),
        ),
    ),
    _Cause(
        r"^div",
        "a division by 0",
        _DIVIDE,
        result=_at("other", lambda x: x == 0, "a division by 0"),
    ),
    _Cause(
        r"^reciprocal$",
        "a division by 0",
        _DIVIDE,
        result=_at("result", torch.isinf, "a division by 0"),
    ),
    _Cause(
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
        gradient=_power(
            lambda x, n: (x == 0) & (n < 1), "the derivative of 0 to a power below 1 is infinite"
        ),
    ),
    _Cause(
        r"^(exp|exp2|expm1)$",
        "an overflow: the result is infinite, and 0 times infinity is NaN",
        "Clamp what goes in, also where torch.where leaves the result out: the branch that is not"
        " taken gets gradient too.",
        result=_too_large,
    ),
    _Cause(
        r"softmax|scaled_dot_product",
        "a row that is masked fully, so that it holds nothing but -inf",
        "Leave at least one key of every query unmasked, or take such rows out before it.",
        result=_masked_row,
        masks=True,
    ),
    _Cause(
        r"logsumexp|logcumsumexp",
        "a row that holds nothing but -inf",
        "Leave one element of every row unmasked.",
        result=_at("result", torch.isinf, "a row holds nothing but -inf"),
        masks=True,
    ),
    _Cause(
        r"(?<!layer_)(?<!group_)(?<!batch_)norm$|^cdist|^dist$",
        "the norm of a zero vector, which has no derivative",
        "Take (x.square().sum() + eps).sqrt(), or normalise with eps.",
        gradient=_at("result", lambda r: r == 0, "the norm of a zero vector has no derivative"),
    ),
    _Cause(
        r"^std(_mean)?$",
        "the standard deviation of equal values, which has no derivative",
        "Take (x.var() + eps).sqrt().",
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
    _Cause(
        r"^atan2$",
        "atan2 of (0, 0), which has no derivative",
        "Add eps to one of the two where both are 0.",
        gradient=_angle,
    ),
    _Cause(
        r"^(acos|asin|atanh)$",
        "its derivative at 1 and -1, which is infinite",
        "Clamp what goes in to (-1 + eps, 1 - eps), or use atan2.",
        result=_at("self", lambda x: x.abs() > 1, "it is not defined beyond 1 and -1"),
        gradient=_at("self", lambda x: x.abs() == 1, "its derivative at 1 and -1 is infinite"),
    ),
    _Cause(
        r"^acosh$",
        "its derivative at 1, which is infinite",
        _CLAMP,
        result=_at("self", lambda x: x < 1, "it is not defined below 1"),
        gradient=_at("self", lambda x: x == 1, "its derivative at 1 is infinite"),
    ),
    _Cause(
        r"^(lgamma|digamma|logit|erfinv|sinh|cosh|tan)$",
        "a value at which it is infinite",
        "Keep what goes in away from there, with clamp.",
        result=_recomputed,
    ),
    _Cause(
        r"xlogy$|xlog1py$",
        "the logarithm of 0",
        _CLAMP,
        gradient=_at("other", lambda x: x == 0, "the logarithm of 0"),
    ),
    _Cause(
        r"entr$",
        "the logarithm of 0",
        _CLAMP,
        gradient=_at("self", lambda x: x == 0, "the logarithm of 0"),
    ),
    _Cause(
        r"^hypot$",
        "the length of (0, 0), which has no derivative",
        "Add eps under the root.",
        gradient=_at("result", lambda r: r == 0, "the length of (0, 0) has no derivative"),
    ),
    _Cause(
        r"^var(_mean)?$", "the variance of a single value", "Take more values, or correction=0."
    ),
    _Cause(
        r"^mean$",
        "the mean of no elements",
        "Leave the term out where nothing is selected.",
        result=_of_nothing,
    ),
    _Cause(
        r"^nll_loss",
        "targets that are all ignore_index",
        "Leave the batch out where no target counts, or take the sum and divide by max(count, 1).",
        result=_at(
            "total_weight", lambda w: w == 0, "no target counts, and the mean of none is 0 / 0"
        ),
    ),
    _Cause(
        r"^native_(layer|group)_norm$",
        "a deviation of 0",
        "Give it an eps.",
        result=_at("result2", torch.isinf, "the deviation of equal values is 0, and eps as well"),
    ),
    _Cause(
        r"^linalg_(qr|slogdet|inv|inv_ex|solve_ex|solve|det|cholesky_ex)$",
        "a matrix that is singular",
        _SINGULAR,
    ),
    _Cause(
        r"svd",
        "two singular values that are equal",
        "Use svdvals, or add a little noise: the derivative of the vectors is not defined there.",
        gradient=_equal("S", "singular values"),
    ),
    _Cause(
        r"eigh?$",
        "two eigenvalues that are equal",
        "Use eigvalsh, or add a little noise: the derivative of the vectors is not defined there.",
        gradient=_first(_equal("L", "eigenvalues"), _equal("eigenvalues", "eigenvalues")),
    ),
)
