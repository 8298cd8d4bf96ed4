"""How much a gradient carries.

Its norm, its largest element, its exact zeros, what is not finite in it.

The norm is the one that ``torch.linalg.vector_norm(gradient, dtype=torch.float64)`` gives, to the
last bit, where the squares of the values lie within what float64 holds; beyond that the values are
scaled by a power of two first. On an accelerator everything stays there until it is read at the
end.
"""

import math
from typing import Self

import numpy as np
import torch
from torch import Tensor

from gradviz.graph import Amount
from gradviz.recording.sizes import UNREAD, Size, real, stored

# Norms between which the squares of float64 neither underflow nor overflow by much
_SQUARES = (1e-140, 1e140)
_MOST_SCRATCH = 1 << 26  # elements that are kept ready for the conversion to float64
_PIECE = 1 << 16  # elements
_WIDE = torch.float64


class Measure(float):
    """The norm of a gradient, which knows the rest of what was measured."""

    __slots__ = ("amount",)
    amount: Amount

    @classmethod
    def of(cls, amount: Amount) -> Self:
        """Return the norm of an amount."""
        norm = cls(amount.norm)
        norm.amount = amount
        return norm

    @classmethod
    def read(cls, row: list[float]) -> Self:
        """Return what a device has measured, as :meth:`Meter._on_device` puts it in a row."""
        norm, largest, nonzero, wild, numel = row
        return cls.of(_amount(norm, largest, int(nonzero), int(wild), int(numel)))


def amount_of(size: float | None) -> Amount | None:
    """Return the amount that a size was measured with; None where it was not, or could not be."""
    return size.amount if isinstance(size, Measure) else None


class Meter:
    """Measures gradients, one after the other.

    It keeps memory to convert them in, and none of their values.
    """

    def __init__(self) -> None:
        self._scratch = torch.empty(0, dtype=_WIDE)

    def measure(self, gradient: Tensor) -> Size:
        """Return the norm of a gradient with its amount. To be called by ``sizes.unseen``."""
        found = stored(gradient)
        if found is None:
            return UNREAD
        values, numel = found
        if not values.numel():
            return Measure.of(_amount(0.0, 0.0, 0, 0, numel))
        if values.device.type != "cpu":
            return self._on_device(values, numel)
        wide = self._converted(values)
        largest = _largest(wide if values.is_complex() else values)
        wild = 0 if math.isfinite(largest) else int((~values.isfinite()).sum())
        return Measure.of(_amount(_norm(wide, largest), largest, _nonzero(values), wild, numel))

    def _converted(self, values: Tensor) -> Tensor:
        if values.is_complex():
            return values.to(torch.complex128)
        if values.dtype == _WIDE or values.numel() > _MOST_SCRATCH or not values.is_contiguous():
            return values.to(_WIDE)
        if self._scratch.numel() < values.numel():
            self._scratch = torch.empty(values.numel(), dtype=_WIDE)
        return self._scratch[: values.numel()].view(values.shape).copy_(values)

    def _on_device(self, values: Tensor, numel: int) -> Tensor:
        """Return a row of numbers that nobody has waited for."""
        wide = torch.float32 if values.device.type == "mps" else _WIDE
        largest = values.abs().amax().to(wide)
        whole = torch.exp2(torch.floor(torch.log2(largest)))
        if values.dtype in (torch.float64, torch.complex128) or wide is not _WIDE:
            scale = torch.where(whole.isfinite() & (whole > 0), whole, torch.ones_like(whole))
            norm = torch.linalg.vector_norm(real(values).to(wide) / scale) * scale
        else:
            norm = torch.linalg.vector_norm(real(values), dtype=wide)
        counts = (
            torch.count_nonzero(values),
            (~values.isfinite()).sum(),
            torch.full((), numel, device=values.device),
        )
        return torch.stack([norm, largest, *(count.to(wide) for count in counts)])


def _norm(values: Tensor, largest: float) -> float:
    if largest == 0 or not math.isfinite(largest) or _SQUARES[0] < largest < _SQUARES[1]:
        return float(torch.linalg.vector_norm(values))
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1)
    return float(torch.linalg.vector_norm(values / scale)) * scale


def _nonzero(values: Tensor) -> int:
    """Count what is not zero, piece by piece in the processor's cache where that is a third of the
    time.
    """
    if (
        values.dtype not in (torch.float32, torch.float64)
        or not values.is_contiguous()
        or values.is_neg()
    ):
        return int(torch.count_nonzero(values))
    numbers = values.detach().view(-1).numpy()
    isnt = np.empty(min(_PIECE, numbers.size), dtype=bool)
    pieces = (numbers[begin : begin + _PIECE] for begin in range(0, numbers.size, _PIECE))
    return sum(
        int(np.count_nonzero(np.not_equal(piece, 0, out=isnt[: piece.size]))) for piece in pieces
    )


def _largest(values: Tensor) -> float:
    if values.is_complex():
        return float(values.abs().max())
    low, high = torch.aminmax(values)
    return max(abs(float(low)), abs(float(high)))  # NaN comes first in both


def _amount(norm: float, largest: float, nonzero: int, wild: int, numel: int) -> Amount:
    return Amount(
        norm=norm,
        largest=largest,
        zeros=(numel - nonzero) / numel if numel else 0.0,
        not_finite=wild,
        numel=numel,
    )
