"""What an operation of the forward gave, computed again where nothing has kept it.

From leaves, and from what other nodes saved: of plain arithmetic alone, which has no randomness.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.overflows import overflow, words_where
from gradviz.recording.arithmetic.saved import lengths, number, saved
from gradviz.recording.names import is_accumulator, operation_name
from gradviz.recording.torch_inside import node_number, result_of

_MOST = 256  # nodes that are computed again
_LARGE = 2**24  # elements of a value that is not

_ADDS = ("add", "sub", "rsub")
_OWN = "Look at what that forward() divides by, and at its roots, powers and logarithms."
SCALE = "Make what goes in smaller, or compute this in a type that holds larger numbers."
Words = tuple[str, str]
"""Why, and what mends it."""
Inputs = Sequence[Tensor | None]
_Compute = Callable[[Any, Inputs], Tensor | None]


def first_spoilt(nodes: Iterable[Any], given: dict[Any, Tensor]) -> tuple[Any, Words] | None:
    """Return the first of some nodes that gives what is not finite, of what is finite, and why;
    None where no such node can be computed again.

    Args:
        nodes: Autograd nodes.
        given: What some of them gave, as others have saved it.
    """
    values = dict(given)
    for node in sorted(nodes, key=node_number)[:_MOST]:
        went_in = [_value(before, values) for before, _ in node.next_functions]
        result = values.get(node)
        if result is None:
            result = computed(node, went_in)
        if result is None or not result.is_floating_point():
            continue
        values[node] = result
        inputs = [value for value in (*went_in, *_saved_inputs(node)) if value is not None]
        edges = zip(node.next_functions, went_in, strict=True)
        is_whole = all(value is not None or before is None for (before, _), value in edges)
        if (
            inputs
            and is_whole
            and all(map(_finite, inputs))
            and (words := _by_itself(node, result, inputs))
        ):
            return node, words
    return None


def _by_itself(node: Any, result: Tensor, inputs: Sequence[Tensor]) -> Words | None:
    """Say why a node gives what is not finite, where what is known to go in is; None where that
    does not tell.
    """
    if isinstance(node, torch.autograd.function.BackwardCFunction):
        is_whole = len(inputs) == len(node.next_functions) and not _finite(result)
        made = words_where("its own forward() makes it of finite values", ~result.isfinite())
        return (made, _OWN) if is_whole else None
    if not bool(result.isinf().any()):
        return None
    largest = max(_largest(value) for value in inputs)
    beside = operation_name(type(node).__name__) in _ADDS and any(
        before is None for before, _ in node.next_functions
    )
    if beside and largest < torch.finfo(result.dtype).max / 4:
        added = "what is added to it, or taken from it, is infinite or next to it"
        return words_where(added, result.isinf()), "Look at the data."
    words = overflow(result.isinf(), result.dtype)
    return f"{words}; the largest value that goes in is {largest:g}", SCALE


def _value(node: Any, values: dict[Any, Tensor]) -> Tensor | None:
    if node is not None and is_accumulator(node):
        return torch_inside.detach(node.variable)
    return values.get(node)


def _saved_inputs(node: Any) -> list[Tensor]:
    values = saved(node)
    return [
        values[label] for label in ("self", "other", "target", "mat1", "mat2") if label in values
    ]


def _finite(value: Tensor) -> bool:
    return bool(value.isfinite().all())


def _largest(value: Tensor) -> float:
    return float(value.abs().max()) if value.numel() and value.is_floating_point() else -math.inf


def computed(node: Any, inputs: Inputs) -> Tensor | None:
    """Return what a node gave, computed from what went in, as far as that is known; None where it
    cannot be.
    """
    compute, about = _COMPUTE.get(operation_name(type(node).__name__)), result_of(node)
    if compute is None or about is None or math.prod(about.shape) > _LARGE:
        return None
    return compute(node, inputs)


def _of_two(function: Callable[..., Tensor]) -> _Compute:
    """Return what computes a function of two values: those that came in, or that were saved."""

    def compute(node: Any, inputs: Inputs) -> Tensor | None:
        values = saved(node)
        first = inputs[0] if inputs[0] is not None else values.get("self")
        second = inputs[1] if inputs[1] is not None else values.get("other")
        return None if first is None or second is None else function(first, second)

    return compute


def _of_one(function: Callable[[Any, Tensor], Tensor]) -> _Compute:
    def compute(node: Any, inputs: Inputs) -> Tensor | None:
        return None if inputs[0] is None else function(node, inputs[0])

    return compute


def _added(sign: int) -> _Compute:
    def compute(node: Any, inputs: Inputs) -> Tensor | None:
        first, second = inputs[0], inputs[1]
        if first is None or second is None:
            return None
        return torch.add(first, second, alpha=sign * (number(node, "alpha") or 1))

    return compute


def _product(bias: int, first: str, second: str) -> _Compute:
    """Return what computes a product of matrices whose factors follow ``bias`` other inputs."""

    def compute(node: Any, inputs: Inputs) -> Tensor | None:
        values = saved(node)
        left = inputs[bias] if inputs[bias] is not None else values.get(first)
        right = inputs[bias + 1] if inputs[bias + 1] is not None else values.get(second)
        if left is None or right is None:
            return None
        product = torch.matmul(left, right)
        return product if bias == 0 else _added_to(inputs[0], product, node)

    return compute


def _added_to(bias: Tensor | None, product: Tensor, node: Any) -> Tensor | None:
    """Return a bias and a product together, as a node scales them; None where it is not known."""
    scales = [number(node, label) for label in ("alpha", "beta")]
    alpha, beta = (1.0 if scale is None else scale for scale in scales)
    return None if bias is None else alpha * product + beta * bias


def _convolved(node: Any, inputs: Inputs) -> Tensor | None:
    values = saved(node)
    if "input" not in values or "weight" not in values:
        return None
    if inputs[2] is None and node.next_functions[2][0] is not None:
        return None  # there is a bias, and it is not known
    return torch.convolution(
        values["input"],
        values["weight"],
        inputs[2],
        lengths(node, "stride"),
        lengths(node, "padding"),
        lengths(node, "dilation"),
        bool(number(node, "transposed")),
        lengths(node, "output_padding"),
        int(number(node, "groups") or 1),
    )


def _reduced(function: Callable[..., Tensor]) -> Callable[[Any, Tensor], Tensor]:
    def compute(node: Any, value: Tensor) -> Tensor:
        dtype = result_of(node).dtype
        dims = tuple(dim - 2**64 if dim >= 2**63 else dim for dim in lengths(node, "dim"))
        keeps = bool(number(node, "keepdim"))
        return function(value, dims, keeps, dtype=dtype) if dims else function(value, dtype=dtype)

    return compute


def _squared_error(node: Any, inputs: Inputs) -> Tensor | None:
    values = saved(node)
    first, second = values.get("self"), values.get("target")
    if first is None or second is None:
        return None
    ways = ("none", "mean", "sum")
    return F.mse_loss(first, second, reduction=ways[int(number(node, "reduction") or 0)])


_COMPUTE: dict[str, _Compute] = {
    "mul": _of_two(torch.mul),
    "div": _of_two(torch.div),
    "add": _added(1),
    "sub": _added(-1),
    "to_copy": _of_one(lambda node, value: value.to(result_of(node).dtype)),
    "sum": _of_one(_reduced(torch.sum)),
    "mean": _of_one(_reduced(torch.mean)),
    "cumsum": _of_one(lambda node, value: value.cumsum(int(number(node, "dim") or 0))),
    "neg": _of_one(lambda node, value: -value),
    "relu": _of_one(lambda node, value: value.relu()),
    "clone": _of_one(lambda node, value: value),
    "t": _of_one(lambda node, value: value.t()),
    "expand": _of_one(lambda node, value: value.expand(result_of(node).shape)),
    **dict.fromkeys(
        ("view", "unsafe_view", "reshape_alias", "unsqueeze", "squeeze"),
        _of_one(lambda node, value: value.reshape(result_of(node).shape)),
    ),
    "mm": _product(0, "self", "mat2"),
    "bmm": _product(0, "self", "mat2"),
    "addmm": _product(1, "mat1", "mat2"),
    "baddbmm": _product(1, "batch1", "batch2"),
    "convolution": _convolved,
    "mse_loss": _squared_error,
}
