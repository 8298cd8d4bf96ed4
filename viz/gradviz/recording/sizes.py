"""How large a gradient is, as one number, cheap enough to ask of every gradient of a backward.

The number is the L2 norm. It is zero only where every element is zero, and not finite only where
some element is not finite: what float32 cannot square is measured again. Values on an accelerator
are measured there, and read once at the end.
"""

import math
from collections.abc import Callable
from functools import partial
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


def is_simple(gradient: Tensor) -> bool:
    """Say whether a gradient is a plain dense tensor of real numbers in this process's memory."""
    return (
        type(gradient) is Tensor
        and gradient.layout is torch.strided
        and gradient.is_cpu
        and not gradient.is_nested
        and not gradient.is_complex()
    )


def read(sizes: list[Size], of_row: Callable[[list[float]], float] | None = None) -> list[float]:
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
        together = torch.stack(
            [size for place in positions if isinstance(size := sizes[place], Tensor)]
        )
        numbers = torch_inside.tolist(together)
        for place, number in zip(positions, numbers, strict=True):
            numbers_read[place] = number if of_row is None else of_row(number)
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
    if torch_inside.is_opaque(values) or values.device.type == "meta":
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
    """Return the size as a tensor that nobody has waited for."""
    wide = torch.float64 if values.device.type == "cuda" else _wider(values)
    norm: Tensor = torch.linalg.vector_norm(values, dtype=wide)
    if wide is torch.float64 and values.dtype is not torch.float64:
        return norm
    largest = torch.linalg.vector_norm(values, math.inf, dtype=_wider(values))
    return torch.where((_SQUARES[0] < norm) & (norm < _SQUARES[1]), norm, largest)
