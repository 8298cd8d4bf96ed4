"""How large a gradient is, as one number, cheap enough to ask of every gradient of a backward.

The number is the L2 norm. It is zero only where every element is zero, and not finite only where
some element is not finite: what float32 cannot square is measured again. Values on an accelerator
are measured there, and read once at the end, all together.
"""

import math
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import torch
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.torch_inside import own_part
from gradviz.system.grouped import grouped
from gradviz.system.undo import Undo

Result = TypeVar("Result")

UNREAD = -1.0
"""The size of a gradient whose values cannot be read: on the meta device, or inside a tensor
class of somebody else's.
"""

Size = float | Tensor
"""A Tensor only until :func:`read`."""

OfRow = Callable[[list[float]], float] | None
"""What makes a size of a row of numbers, where that is what was measured."""

_SQUARES = (1e-15, 1e15)  # between these, the squares of float32 neither underflow nor overflow
_HALVES = (torch.float16, torch.bfloat16)
_vector_norm = torch.linalg.vector_norm


def unseen(function: Callable[..., Result], *args: Any) -> Result:
    """Return what a function gives, called without gradient; none of the user's modes gets to see
    its torch functions.

    The blocks end in C, so that an interrupt leaves none of them open.
    """
    if not torch.is_grad_enabled() and not torch_inside.dispatch_modes():
        with torch_inside.without_torch_function():
            return function(*args)
    grad_mode = partial(torch_inside.set_grad_enabled, torch.is_grad_enabled())
    with (
        torch_inside.without_torch_function(),
        torch_inside.without_dispatch_modes(),
        Undo([grad_mode]),
    ):
        torch_inside.set_grad_enabled(False)
        return function(*args)


def size_of(gradient: Tensor) -> Size:
    """Return the size of a gradient. To be called by :func:`unseen`."""
    values = gradient if is_simple(gradient) else plain(gradient)
    if values is None:
        return UNREAD
    if not values.is_cpu:
        return _on_device(values) if values.numel() else 0.0
    wide = _wider(values)
    norm = float(_vector_norm(values) if wide is None else _vector_norm(values, dtype=wide))
    return norm if _SQUARES[0] < norm < _SQUARES[1] else _exactly(values)


def passing_size_of(gradient: Tensor) -> Size:
    """Return a size of a gradient that only passes: on an accelerator that of its largest element,
    which is zero or not finite where the norm is, and read in one go.
    """
    if gradient.is_cpu:
        return size_of(gradient)
    values = gradient if type(gradient) is Tensor and is_dense(gradient) else plain(gradient)
    if values is None:
        return UNREAD
    return torch.linalg.vector_norm(values, math.inf) if values.numel() else 0.0


def at_once(measure: Callable[[Tensor], Size], of_row: OfRow = None) -> Callable[[Tensor], Size]:
    """Return what measures the same, and waits for the number."""
    return lambda gradient: read([measure(gradient)], of_row)[0]


def is_dense(gradient: Tensor) -> bool:
    """Say whether a gradient stores each of its elements, a real number, in some memory."""
    return (
        gradient.layout is torch.strided
        and not gradient.is_meta
        and not gradient.is_nested
        and not gradient.is_complex()
    )


def is_simple(gradient: Tensor) -> bool:
    """Say whether a gradient is a plain dense tensor of real numbers in this process's memory."""
    return type(gradient) is Tensor and gradient.is_cpu and is_dense(gradient)


def read(sizes: list[Size], of_row: OfRow = None) -> list[float]:
    """Return sizes as numbers: one transfer, and one wait, for each device.

    Args:
        sizes: As they were measured.
        of_row: Makes a size of a row of numbers, where that is what was measured.
    """
    by_device = grouped(
        (size.device, position) for position, size in enumerate(sizes) if isinstance(size, Tensor)
    )
    numbers_read = [size if isinstance(size, float) else UNREAD for size in sizes]
    for device, positions in by_device.items():
        # Backward may have used streams of its own
        torch.get_device_module(device).synchronize(device)
        waiting = [size for place in positions if isinstance(size := sizes[place], Tensor)]
        joined = torch.cat([size.reshape(-1) for size in waiting])
        numbers = iter(torch_inside.tolist(joined))
        for place, size in zip(positions, waiting, strict=True):
            row = list(islice(numbers, size.numel()))
            numbers_read[place] = _of_two(*row) if of_row is None else of_row(row)
    return numbers_read


def any_nonzero(gradient: Tensor) -> bool | None:
    """Say at once whether some element of a gradient is not zero.

    None where that cannot be read.
    """
    return is_nonzero(unseen(lambda: read([size_of(gradient)])[0]))


def is_nonzero(size: float) -> bool | None:
    """Say whether some element is not zero (NaN is not); None where that cannot be read."""
    return None if size == UNREAD else size != 0


def together(sizes: list[float]) -> float | None:
    """Return one size for what arrived by several ways and was not added up.

    None where nothing did.
    """
    if not sizes or UNREAD in sizes:
        return UNREAD if sizes else None
    return math.hypot(*sizes) if all(map(math.isfinite, sizes)) else sum(sizes)


def plain(gradient: Tensor) -> Tensor | None:
    """Return a gradient's numbers that lie in this process, as a plain dense tensor.

    None where there are none to read.
    """
    values = stored(gradient)
    return None if values is None else real(values[0])


def real(values: Tensor) -> Tensor:
    """Return complex values as pairs of real ones."""
    return torch.view_as_real(values.resolve_conj()) if values.is_complex() else values


def stored(gradient: Tensor) -> tuple[Tensor, int] | None:
    """Return the values of a gradient that are stored in this process, as a plain dense tensor, and
    how many elements they stand for.

    A sparse gradient stands for more elements than it stores. None where there are no values to
    read.
    """
    values = own_part(gradient)
    if values.is_nested:
        values = values.values()
    if torch_inside.is_opaque(values) or values.is_meta:
        return None
    numel = values.numel()
    if values.layout == torch.sparse_coo:
        values = values.coalesce().values()
    elif values.layout != torch.strided:
        values = values.to_dense() if values.is_mkldnn else values.values()
    return values, numel


def _wider(values: Tensor) -> torch.dtype | None:
    return torch.float32 if values.dtype in _HALVES else None


def _exactly(values: Tensor) -> float:
    """Return the norm of what float32 is too narrow to square, without a copy of it in the usual
    case.
    """
    if not values.numel():
        return 0.0
    low, high = torch.aminmax(values)
    largest = max(abs(float(low)), abs(float(high)))  # NaN comes first in both
    if largest == 0 or not math.isfinite(largest):
        return largest
    norm = float(torch.linalg.vector_norm(values, dtype=torch.float64))
    return (
        norm
        if 0 < norm < math.inf
        else float(torch.linalg.vector_norm(values / largest, dtype=torch.float64)) * largest
    )


def _on_device(values: Tensor) -> Tensor:
    """Return the norm and the largest element as a tensor that nobody has waited for.

    Nothing is converted: the copy would be as large as the gradient, or larger.
    """
    norm = torch.linalg.vector_norm(values, dtype=_wider(values))
    largest = torch.linalg.vector_norm(values, math.inf, dtype=_wider(values))
    return torch.stack((norm, largest))


def _of_two(norm: float, largest: float | None = None) -> float:
    """Return a norm; the largest element where the squares were beyond what float32 holds, or
    where it alone was measured.
    """
    if largest is None or _SQUARES[0] < norm < _SQUARES[1]:
        return norm
    return largest
