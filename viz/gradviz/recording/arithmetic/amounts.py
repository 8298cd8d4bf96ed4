"""How much a gradient carries.

Its norm, its largest element, its exact zeros, what is not finite in it.

The norm is the one that ``torch.linalg.vector_norm(gradient, dtype=torch.float64)`` gives, to the
last bit, where the squares of the values lie within what float64 holds; beyond that the values are
scaled by a power of two first. Of more than ``MOST_EXACT`` elements the squares are added up piece
by piece, which needs no copy of the gradient in float64 and rounds less, so that the last digits
may differ. On an accelerator everything stays there until it is read at the end.
"""

import math
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from gradviz.graph import Amount
from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.sizes import UNREAD, Size, is_simple, real, stored

MOST_EXACT = 1 << 20  # elements: 8 MB in float64
# Norms between which the squares of float64 neither underflow nor overflow by much
_SQUARES = (1e-140, 1e140)
_PIECE = 1 << 16  # elements that stay in the processor's cache as float64
_FEW = 1 << 12  # elements whose zeros numpy counts in one call as fast as in two
_WIDE = torch.float64
_HALVES = (torch.float16, torch.bfloat16)
_OF_NUMPY = (torch.float32, torch.float64, *_HALVES)

Row = tuple[float, float, int, int, int]
"""Norm, largest element, elements that are not zero, that are not finite, and all elements."""
Array = np.ndarray[Any, Any]
_vector_norm = torch.linalg.vector_norm


class Measure(float):
    """The norm of a gradient, which knows the rest of what was measured."""

    __slots__ = ("_row",)
    _row: Row

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the norm in a row of numbers."""
        norm = cls(row[0])
        norm._row = row
        return norm

    @classmethod
    def read(cls, row: list[float]) -> Self:
        """Return what a device has measured, as :meth:`Meter._on_device` puts it in a row."""
        norm, largest, nonzero, wild, numel = row
        return cls.of((norm, largest, int(nonzero), int(wild), int(numel)))

    @property
    def amount(self) -> Amount:
        norm, largest, nonzero, wild, numel = self._row
        return Amount(
            norm=norm,
            largest=largest,
            zeros=(numel - nonzero) / numel if numel else 0.0,
            not_finite=wild,
            numel=numel,
        )


def amount_of(size: float | None) -> Amount | None:
    """Return the amount that a size was measured with; None where it was not, or could not be."""
    return size.amount if isinstance(size, Measure) else None


class Meter:
    """Measures gradients, one after the other.

    It keeps memory to convert them in, and none of their values.
    """

    def __init__(self) -> None:
        self._scratch = torch.empty(_PIECE, dtype=_WIDE)
        self._begins: dict[int, tuple[Tensor, Array]] = {}  # of the scratch, by how many elements
        self._isnt = np.empty(_PIECE, dtype=bool)

    def measure(self, gradient: Tensor) -> Size:
        """Return the norm of a gradient with its amount. To be called by ``sizes.unseen``."""
        if is_simple(gradient) and not gradient.is_neg() and gradient.dtype in _OF_NUMPY:
            values = gradient.float() if gradient.dtype in _HALVES else gradient
            plain = torch_inside.detach(values) if values.requires_grad else values
            array: Array = torch_inside.numpy(plain)
            if array.size:
                # In the order of the memory, in which torch adds up as well
                return Measure.of(self._measured(values, array.ravel("K")))
        parts = stored(gradient)
        if parts is None:
            return UNREAD
        values, numel = parts
        if not values.numel():
            return Measure.of((0.0, 0.0, 0, 0, numel))
        return self._on_device(values, numel) if not values.is_cpu else _of_another(values, numel)

    def _measured(self, values: Tensor, numbers: Array) -> Row:
        """Return the measures of values whose numbers are given in a row."""
        numel = numbers.size
        if numel <= _PIECE and numbers.dtype == np.float32:
            tensor, wide = self._begin(numel)
            np.copyto(wide, numbers)
            largest, nonzero = _top(numbers), self._nonzero(numbers)
            return float(_vector_norm(tensor)), largest, nonzero, _wild(numbers, largest), numel
        if numel > MOST_EXACT and numbers.dtype != np.float64:
            tops, counts, squares = [], [], []
            for begin in range(0, numel, _PIECE):
                piece = numbers[begin : begin + _PIECE]
                tops.append(_top(piece))
                counts.append(self._nonzero(piece))
                _, wide = self._begin(piece.size)
                np.copyto(wide, piece)
                squares.append(float(np.dot(wide, wide)))
            largest = _most(tops)
            norm = math.sqrt(math.fsum(squares)) if math.isfinite(largest) else largest
        elif numbers.dtype == np.float64:
            tops, counts = self._in_pieces(numbers, None)
            largest = _most(tops)
            norm = _norm(values, largest)
        else:
            tensor, wide = self._begin(numel)
            tops, counts = self._in_pieces(numbers, wide)
            largest = _most(tops)
            norm = float(_vector_norm(tensor))
        return norm, largest, sum(counts), _wild(numbers, largest), numel

    def _in_pieces(self, numbers: Array, wide: Array | None) -> tuple[list[float], list[int]]:
        """Return the largest element of each piece and its elements that are not zero.

        Every piece is converted as well, where that is asked for, while it is in the cache.
        """
        tops, counts = [], []
        for begin in range(0, numbers.size, _PIECE):
            piece = numbers[begin : begin + _PIECE]
            if wide is not None:
                np.copyto(wide[begin : begin + _PIECE], piece)
            tops.append(_top(piece))
            counts.append(self._nonzero(piece))
        return tops, counts

    def _begin(self, numel: int) -> tuple[Tensor, Array]:
        """Return the beginning of the scratch memory."""
        begin = self._begins.get(numel)
        if begin is None:
            if self._scratch.numel() < numel:
                self._scratch = torch.empty(numel, dtype=_WIDE)
                self._begins.clear()
            tensor = self._scratch[:numel]
            begin = self._begins[numel] = (tensor, torch_inside.numpy(tensor))
        return begin

    def _nonzero(self, numbers: Array) -> int:
        if numbers.size <= _FEW:
            return int(np.count_nonzero(numbers))
        isnt = self._isnt[: numbers.size]
        return int(np.count_nonzero(np.not_equal(numbers, 0, out=isnt)))

    def _on_device(self, values: Tensor, numel: int) -> Tensor:
        """Return a row of numbers that nobody has waited for."""
        wide = torch.float32 if values.device.type == "mps" else _WIDE
        largest = values.abs().amax().to(wide)
        whole = torch.exp2(torch.floor(torch.log2(largest)))
        if values.dtype in (torch.float64, torch.complex128) or wide is not _WIDE:
            scale = torch.where(whole.isfinite() & (whole > 0), whole, torch.ones_like(whole))
            norm = _vector_norm(real(values).to(wide) / scale) * scale
        else:
            norm = _vector_norm(real(values), dtype=wide)
        counts = (
            torch.count_nonzero(values),
            (~values.isfinite()).sum(),
            torch.full((), numel, device=values.device),
        )
        return torch.stack([norm, largest, *(count.to(wide) for count in counts)])


def _of_another(values: Tensor, numel: int) -> Measure:
    """Return the measure of what numpy does not know: complex values, and what other classes
    store.
    """
    wide = values.to(torch.complex128 if values.is_complex() else _WIDE)
    largest = float(wide.abs().max())
    wild = 0 if math.isfinite(largest) else int((~values.isfinite()).sum())
    return Measure.of(
        (_norm(wide, largest), largest, int(torch.count_nonzero(values)), wild, numel)
    )


def _norm(values: Tensor, largest: float) -> float:
    if largest == 0 or not math.isfinite(largest) or _SQUARES[0] < largest < _SQUARES[1]:
        return float(_vector_norm(values))
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1)
    return float(_vector_norm(values / scale)) * scale


def _wild(numbers: Array, largest: float) -> int:
    """Return how many values are not finite."""
    return 0 if math.isfinite(largest) else numbers.size - int(np.isfinite(numbers).sum())


def _top(numbers: Array) -> float:
    """Return the largest element without its sign; NaN where there is one."""
    high, low = float(numbers.max()), -float(numbers.min())
    return high if high > low or high != high else low


def _most(tops: list[float]) -> float:
    """Return the largest of several; NaN where there is one."""
    return next((top for top in tops if top != top), 0.0) or max(tops)
