"""Why a gradient that comes to an operation leaves it as zeros.

Read off what the operation has saved, at the moment when it does.

A reason is given only where the numbers show it.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.flat_statistics import (
    NORMALISES,
    SINGLE_KEY,
    has_single_key,
    normalised,
    of_equals,
    sampled,
)
from gradviz.recording.arithmetic.picked import INDEXED, by_index
from gradviz.recording.arithmetic.saved import number, saved
from gradviz.recording.arithmetic.sizes import plain
from gradviz.recording.names import operation_name

Check = Callable[[dict[str, Tensor], Any, int], str]
"""Says why zeros leave a node along an edge, from what the node has saved; empty where not."""

# By operation: what each edge's gradient is multiplied by.
_FACTORS: Mapping[str, Mapping[int, str]] = {
    "mul": {0: "other", 1: "self"},
    "mm": {0: "mat2", 1: "self"},
    "bmm": {0: "mat2", 1: "self"},
    "mv": {0: "vec", 1: "self"},
    "dot": {0: "tensor", 1: "self"},
    "addmm": {1: "mat2", 2: "mat1"},
    "baddbmm": {1: "batch2", 2: "batch1"},
    "convolution": {0: "weight", 1: "input"},
    "div": {1: "self"},
}
ZERO_FACTOR = "the other factor is zero"
CONSTANT = "elements, and takes no gradient"
HOOKED = "its numbers give no zeros: a hook on its node replaces what leaves it"

# By operation: the edge to what is only added, which gets the sum of what arrives
_ADDED = {"addmm": 0, "baddbmm": 0, "add": 0}
_CAME = "what arrived"  # beside what a node has saved, under no name of torch's
_LOW = -5.0  # inputs below it have a derivative near 0, and that zeros come out was seen
_ROUNDING = 1e-3  # of the largest product: what is smaller may be all that cancelling has left


def look(node: Any, edge: int, came: Tensor | None, went: Tensor | None) -> dict[int, str]:
    """Say why a node that gradient came to passes on zeros along an edge, by the edge.

    The reason is empty where the numbers do not show it, and missing where none can be read.
    """
    why = None if went is None else _reason(node, edge, came, went)
    return {} if why is None else {edge: why}


def _reason(node: Any, edge: int, came: Tensor | None, went: Tensor) -> str | None:
    name = operation_name(type(node).__name__)
    if isinstance(node, torch.autograd.function.BackwardCFunction):
        return "the backward of this torch.autograd.Function returns zeros"
    if name in INDEXED and came is not None and _is_plain(came) and not came.requires_grad:
        return by_index(name, node, edge, came, went)
    values = saved(node)
    factor = values.get(_FACTORS.get(name, {}).get(edge, ""))
    if _is_replaced(node, edge, factor, came, went):
        return HOOKED
    if factor is not None:
        return _of_factor(factor, came, went)
    if came is not None and _is_plain(came):
        values[_CAME] = torch_inside.detach(came)
    why = next(
        (
            why
            for pattern, check in _CHECKS
            if re.search(pattern, name) and (why := check(values, node, edge))
        ),
        "",
    )
    return why or _underflow(came, went) or ("" if values.keys() - {_CAME} else None)


def factor(node: Any, edge: int) -> Tensor | None:
    """Return what an operation multiplies the gradient by along an edge; None where not known."""
    label = _FACTORS.get(operation_name(type(node).__name__), {}).get(edge, "")
    value = saved(node).get(label)
    return value if value is not None and value.numel() else None


def is_checked(operation: str) -> bool:
    """Say whether the numbers of an operation show why it passes on zeros, where they do it as it
    usually is.
    """
    return operation in INDEXED or any(re.search(pattern, operation) for pattern, _ in _CHECKS)


def _is_replaced(
    node: Any, edge: int, factor: Tensor | None, came: Tensor | None, went: Tensor
) -> bool:
    """Say whether an operation that only multiplies or adds has not made the zeros itself."""
    name = operation_name(type(node).__name__)
    if (
        came is None
        or came.requires_grad
        or not _is_plain(came)
        or number(node, "alpha") not in (None, 1)
    ):
        return False
    if factor is None:
        if _ADDED.get(name) != edge or number(node, "beta") not in (None, 1):
            return False
        made, largest = came, came.abs().max()
    elif _is_plain(factor):
        factor = torch_inside.detach(factor)
        largest = came.abs().max() * factor.abs().max()
        if name == "mul":
            made = came * factor
        elif name in ("mm", "bmm", "addmm", "baddbmm"):
            first = edge == (0 if name in ("mm", "bmm") else 1)
            made = came @ factor.mT if first else factor.mT @ came
        else:
            return False
    else:
        return False
    return bool(made.sum_to_size(went.shape).abs().max() > _ROUNDING * largest)


def _is_plain(value: Tensor) -> bool:
    plain_type = type(value) is Tensor or type(value) is torch.nn.Parameter
    return plain_type and value.is_floating_point() and value.layout == torch.strided


def _of_factor(factor: Tensor, came: Tensor | None, went: Tensor) -> str:
    zeros, every = int((factor == 0).sum()), factor.numel()
    if zeros == every:
        is_constant = every > 1 and factor.grad_fn is None and not factor.requires_grad
        return f"{ZERO_FACTOR} at all {every} {CONSTANT}" if is_constant else ZERO_FACTOR
    if why := _underflow(came, went, float(factor.abs().max())):
        return why
    return (
        f"{ZERO_FACTOR} at {zeros} of {every} elements, and gradient comes in at no other"
        if zeros
        else "the products add up to zero"
    )


def _underflow(came: Tensor | None, went: Tensor, factor: float = 1e-3) -> str:
    """Say so where the largest gradient times a factor is below what the type holds.

    The derivatives meant here are seldom smaller.
    """
    values = None if came is None else plain(came)
    if (
        values is None
        or went.dtype not in (torch.float16, torch.bfloat16, torch.float32)
        or not values.numel()
    ):
        return ""
    largest, least = (
        float(values.abs().max()),
        torch.finfo(went.dtype).smallest_normal * torch.finfo(went.dtype).eps,
    )
    dtype = str(went.dtype).removeprefix("torch.")
    return (
        f"underflow: the largest gradient is {largest:.1e}, and {dtype} holds nothing below"
        f" {least:.1e}"
        if largest * factor < least
        else ""
    )


def _all(label: str, test: Callable[[Tensor], Tensor], words: str) -> Check:
    """Return a check that all of a saved tensor is so, or all of it that gradient comes to.

    ``{count}`` in the words is how many elements that are.
    """

    def check(values: dict[str, Tensor], node: Any, edge: int) -> str:
        value = values.get(label)
        return "" if value is None else _wherever(test(value), values, words)

    return check


def _wherever(mask: Tensor, values: dict[str, Tensor], words: str) -> str:
    """Return the words with the number of elements, where a mask holds at all of them, or at all
    that gradient comes to; else nothing.
    """
    if mask.numel() and bool(mask.all()):
        return words.format(count=mask.numel())
    came = values.get(_CAME)
    if came is None or came.shape != mask.shape:
        return ""
    fed = mask[came != 0]
    if not fed.numel() or not bool(fed.all()):
        return ""
    why = words.format(count=fed.numel())
    return f"gradient comes to {fed.numel()} of {mask.numel()} elements alone, and there {why}"


def _softmax(values: dict[str, Tensor], node: Any, edge: int) -> str:
    result = values.get("result", values.get("output"))
    dim = number(node, "dim")
    if result is None or dim is None or not result.dim():
        return ""
    if result.shape[int(dim)] == 1:
        return "a softmax over a single value is constant"
    is_log = operation_name(type(node).__name__).startswith("log")
    shares = result.exp() if is_log else result
    if bool(((shares == 0) | (shares == 1)).all()):
        met = ", and gradient comes to that element alone: its target is met" * is_log
        return f"it is saturated: every row is one-hot to the last bit{met}"
    came = values.get(_CAME)
    if came is not None and came.shape == result.shape and not is_log:
        low, high = came.amin(int(dim)), came.amax(int(dim))
        if bool((low == high).all()):
            return "the same gradient comes to all its values, which always add up to 1"
    return ""


def _single_key(values: dict[str, Tensor], node: Any, edge: int) -> str:
    return SINGLE_KEY if has_single_key(values, edge) else ""


def _extreme(values: dict[str, Tensor], node: Any, edge: int) -> str:
    """Return how the other input is the extreme one everywhere; "" where it is not."""
    own, other = (values.get(label) for label in (("self", "other"), ("other", "self"))[edge])
    if own is None or other is None:
        return ""
    larger = bool(re.match("maximum|fmax", operation_name(type(node).__name__)))
    beaten = own < other if larger else own > other
    words = f"the other input is {'larger' if larger else 'smaller'} at all {{count}} elements"
    return _wherever(beaten, values, words)


def _shrunk(values: dict[str, Tensor], node: Any, edge: int) -> str:
    value, bound = values.get("self"), number(node, "lambd")
    if value is None or bound is None or not value.numel() or bool((value.abs() > bound).any()):
        return ""
    return f"all {value.numel()} inputs lie between {-bound:g} and {bound:g}, where it is flat"


def _met(values: dict[str, Tensor], node: Any, edge: int) -> str:
    value, target = values.get("self"), values.get("target")
    if value is None or target is None or not value.numel() or not torch.equal(value, target):
        return ""
    return f"all {value.numel()} predictions are their targets"


def _power(values: dict[str, Tensor], node: Any, edge: int) -> str:
    base, exponent = values.get("self"), number(node, "exponent")
    if exponent == 0:
        return "its exponent is 0"
    if base is None or exponent is None or not base.numel() or bool((base != 0).any()):
        return ""
    return f"{ZERO_FACTOR}: the base of the power is 0 at all {base.numel()} elements"


def _clamp(values: dict[str, Tensor], node: Any, edge: int) -> str:
    value = values.get("self")
    low, high = number(node, "min"), number(node, "max")
    if low is None and high is None:
        low, high = number(node, "min_val"), number(node, "max_val")
    if value is None or not value.numel() or (low is None and high is None):
        return ""
    outside = torch.zeros_like(value, dtype=torch.bool)
    if low is not None:
        outside |= value <= low
    if high is not None:
        outside |= value >= high
    return _wherever(outside, values, "all {count} inputs lie outside the bounds")


def _embedding(values: dict[str, Tensor], node: Any, edge: int) -> str:
    indices, padding = values.get("indices"), number(node, "padding_idx")
    if indices is None or padding is None or not indices.numel():
        return ""
    return (
        f"all {indices.numel()} indices are padding_idx, which gets no gradient"
        if bool((indices == int(padding)).all())
        else ""
    )


def _nll(values: dict[str, Tensor], node: Any, edge: int) -> str:
    target, ignored, weight = (
        values.get("target"),
        number(node, "ignore_index"),
        values.get("weight"),
    )
    if target is None or not target.numel():
        return ""
    kept = target if ignored is None else target[target != int(ignored)]
    if not kept.numel():
        return f"all {target.numel()} targets are ignore_index, so that no element counts"
    return (
        "the weight of every class among the targets is 0"
        if weight is not None and bool((weight[kept] == 0).all())
        else ""
    )


def _binary(values: dict[str, Tensor], node: Any, edge: int) -> str:
    """Return how every prediction of a binary cross entropy is its target, or counts nothing."""
    value, target, weight = (values.get(label) for label in ("self", "target", "weight"))
    if value is None or target is None:
        return ""
    if weight is not None and not bool(weight.any()):
        return "the weight of every element is 0"
    is_logit = "logits" in operation_name(type(node).__name__)
    met = (value.sigmoid() if is_logit else value) == target
    return f"all {met.numel()} predictions are their targets to the last bit" * bool(met.all())


def _margin(values: dict[str, Tensor], node: Any, edge: int) -> str:
    """Return how the score of every target is larger than all others by the margin."""
    scores, target = values.get("self"), values.get("target")
    margin = number(node, "margin")
    if scores is None or target is None or margin is None or scores.dim() != 2:
        return ""
    own = scores.gather(1, target.view(-1, 1))
    others = scores.scatter(1, target.view(-1, 1), float("-inf")).amax(1, keepdim=True)
    met = own - others >= margin
    return f"the margin is met at all {met.numel()} samples" if bool(met.all()) else ""


def _norm(values: dict[str, Tensor], node: Any, edge: int) -> str:
    result = values.get("result")
    return (
        "the norm is 0, where its gradient is taken to be 0"
        if result is not None and bool((result == 0).all())
        else ""
    )


_CHECKS: tuple[tuple[str, Check], ...] = (
    (
        r"^(relu|threshold|leaky_relu)$",
        _all(
            "result",
            lambda r: r <= 0,
            "all {count} inputs are 0 or below, where it is flat (dead units)",
        ),
    ),
    (
        r"^(relu|threshold)$",
        _all(
            "self",
            lambda x: x <= 0,
            "all {count} inputs are 0 or below, where it is flat (dead units)",
        ),
    ),
    (
        r"^sigmoid$",
        _all(
            "result",
            lambda r: (r == 0) | (r == 1),
            "it is saturated: all {count} results are exactly 0 or 1",
        ),
    ),
    (
        r"^tanh$",
        _all(
            "result",
            lambda r: r.abs() == 1,
            "it is saturated: all {count} results are exactly 1 or -1",
        ),
    ),
    (r"^(log_|safe_)?softmax$", _softmax),
    (r"^_?scaled_dot_product_\w*attention", _single_key),
    (r"^(clamp|hardtanh)", _clamp),
    (
        r"^hardsigmoid",
        _all("self", lambda x: x.abs() >= 3, "all {count} inputs lie where it is flat"),
    ),
    (
        r"^(gelu|silu|mish|softplus)$",
        _all("self", lambda x: x < _LOW, "all {count} inputs lie far below 0, where it is flat"),
    ),
    (
        r"^log_sigmoid",
        _all("self", lambda x: x > -_LOW, "all {count} inputs lie far above 0, where it is flat"),
    ),
    (
        r"^hardswish",
        _all("self", lambda x: x <= -3, "all {count} inputs lie where it is flat"),
    ),
    (r"^embedding(_bag)?$", _embedding),
    (r"^nll_loss", _nll),
    (
        r"^where$",
        _all(
            "condition",
            lambda c: c,
            "the condition holds at all {count} elements, and takes the other input",
        ),
    ),
    (
        r"^where$",
        _all(
            "condition",
            lambda c: ~c,
            "the condition holds at none of {count} elements, and takes the other input",
        ),
    ),
    (r"^masked_fill$", _all("mask", lambda m: m, "the mask covers all {count} elements")),
    (r"^grid_sampler", sampled),
    (r"^(var|std)(_mean)?$", of_equals),
    (NORMALISES, partial(normalised, zero_factor=ZERO_FACTOR)),
    (r"^native_dropout$", _all("result1", lambda m: m == 0, "all {count} elements were dropped")),
    (
        r"^(abs|sgn)$",
        _all(
            "self",
            lambda x: x == 0,
            "all {count} inputs are 0, where its gradient is taken to be 0",
        ),
    ),
    (r"norm$|^cdist$", _norm),
    (r"^(maximum|minimum|fmax|fmin)$", _extreme),
    (r"^(soft|hard)shrink$", _shrunk),
    (r"^(mse|huber|smooth_l1)_loss$", _met),
    (r"^pow$", _power),
    (r"^binary_cross_entropy", _binary),
    (r"^multi_margin_loss$", _margin),
)
