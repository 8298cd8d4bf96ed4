"""Which bytes of a piece of memory a strided view shows: the columns of two tensors that were put
side by side lie between each other.
"""

from collections.abc import Iterable
from math import gcd
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from gradviz.recording.tensor_state import region

_MOST = 1 << 20  # bytes that are looked at one by one; beyond that two may share some
_KEPT = 1 << 16  # bytes of which it is kept which are left


class Places(NamedTuple):
    """Some bytes of a piece of memory.

    Attributes:
        low, high: From the first up to the last.
        run: How many lie side by side each time.
        steps: How far it is from one to the next, and how many there are, a pair for each
            dimension. None: all bytes from low to high.
        mask: Which of them, byte by byte, where it is not as regular as that.
    """

    low: int
    high: int
    run: int
    steps: tuple[tuple[int, int], ...] = ()
    mask: "np.ndarray[tuple[int], np.dtype[np.bool_]] | None" = None

    @property
    def is_whole(self) -> bool:
        """All bytes from low to high are among them."""
        return self.mask is None and not self.steps

    def overlaps(self, other: "Places") -> bool:
        """Say whether some byte may be in both."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        if low >= high:
            return False
        if self.is_whole and other.is_whole:
            return True
        if self._are_between(other):
            return False
        if high - low > _MOST or not self._is_countable or not other._is_countable:
            return True
        return bool((self._within(low, high) & other._within(low, high)).any())

    def without(self, other: "Places") -> "Places | None":
        """Return what is left of these; all of them where that cannot be told. None: nothing."""
        if other.is_whole and other.low <= self.low and self.high <= other.high:
            return None
        if self[:4] == other[:4] and other.mask is None:
            return None
        if self.high - self.low > _KEPT or not other._is_countable or not self.overlaps(other):
            return self
        mask = self._within(self.low, self.high).copy()
        low, high = max(self.low, other.low), min(self.high, other.high)
        mask[low - self.low : high - self.low] &= ~other._within(low, high)
        return self._replace(mask=mask) if mask.any() else None

    @property
    def _is_countable(self) -> bool:
        return self.is_whole or self.high - self.low <= _MOST

    def _are_between(self, other: "Places") -> bool:
        """Say whether the runs of the one lie between those of the other, as two columns do."""
        if self.mask is not None or other.mask is not None:
            return False
        period = gcd(*(step for step, _ in (*self.steps, *other.steps)))
        ahead = (other.low - self.low) % period
        return self.run <= ahead and ahead + other.run <= period

    def _within(self, low: int, high: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Return which of the bytes from low to high are among them."""
        if self.is_whole:
            return np.ones(high - low, dtype=bool)
        mask = self.mask
        if mask is None:
            mask = np.zeros(self.high - self.low, dtype=bool)
            shape = (*(count for _, count in self.steps), self.run)
            strides = (*(step for step, _ in self.steps), 1)
            np.lib.stride_tricks.as_strided(mask, shape, strides)[...] = True
        return mask[low - self.low : high - self.low]

    def among(self, tensor: Tensor) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Return which elements of a tensor have a byte here."""
        low, high = region(tensor)
        bytes_there = np.zeros(high - low, dtype=bool)
        first, last = max(self.low, low), min(self.high, high)
        if first < last:
            bytes_there[first - low : last - low] = self._within(first, last)
        by_element = _by_element(tensor, bytes_there)
        return np.logical_or.reduce(by_element, axis=-1, keepdims=True)[..., 0]


def places_where(tensor: Tensor, marks: "np.ndarray[Any, np.dtype[np.bool_]]") -> Places | None:
    """Return the bytes of its storage that the marked elements of a tensor have; None where none is
    marked, or they are too many to be kept one by one.
    """
    low, high = region(tensor)
    if high - low > _KEPT or not marks.any():
        return None
    if marks.all():
        return places_of(tensor)
    mask = np.zeros(high - low, dtype=bool)
    _by_element(tensor, mask)[...] |= marks[..., None]
    return Places(low, high, high - low, (), mask)


def _by_element(
    tensor: Tensor, mask: "np.ndarray[Any, np.dtype[np.bool_]]"
) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Return a view of the bytes that a tensor spans, those of each element together."""
    size = tensor.element_size()
    strides = (*(step * size for step in tensor.stride()), 1)
    return np.lib.stride_tricks.as_strided(mask, (*Tensor.size(tensor), size), strides)


def places_of(tensor: Tensor) -> Places:
    """Return the bytes of its storage that a tensor shows."""
    low, high = region(tensor)
    if tensor.is_nested or low == high:
        return Places(low, high, high - low)
    size = tensor.element_size()
    shape = Tensor.size(tensor)
    dimensions = ((step * size, count) for step, count in zip(tensor.stride(), shape, strict=True))
    return Places(low, high, *_runs(size, dimensions))


def _runs(
    run: int, dimensions: Iterable[tuple[int, int]]
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Return how many bytes lie side by side, and the dimensions beyond them."""
    steps = sorted((step, count) for step, count in dimensions if count > 1 and step)
    while steps and steps[0][0] == run:
        run *= steps.pop(0)[1]
    return run, tuple(steps)
