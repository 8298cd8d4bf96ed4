"""The arrays that left torch last: by which call, and whether their numbers are there still.

An array whose memory was written all over goes in without a single one of the numbers that it had
as it left.
"""

import weakref
from collections import OrderedDict
from functools import partial
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

_RING = 1 << 16  # numbers that are kept, in memory of 256 KiB that is taken once
_MOST = 2048  # numbers of an array that are kept; of a larger one,
_SAMPLES = 64  # which are compared where they stood
_LOOKED_AT = 1 << 16  # numbers of what goes in
_FEW = 16  # that are looked at first
_BEYOND_HALF, _LAST_OF_HALF = 0x1FFF, 0x1E000  # of the fraction, in single precision
_FEWEST = 4  # one in so many must be a number that no program is full of


class ArrayLeft(NamedTuple):
    """How an array left torch.

    Attributes:
        reference: To the array.
        serial: Number of the call.
        site: The instruction of the user's.
    """

    reference: "weakref.ref[Any]"
    serial: int
    site: tuple[CodeType, int] | None


class ArraysLeft:
    """The arrays by what they are, and their numbers in single precision by the call.

    Attributes:
        absent: How often one was found to have no part in what went in.
    """

    def __init__(self) -> None:
        self.absent = 0
        self._arrays: dict[int, ArrayLeft] = {}
        self._ring: Any = None
        self._next = 0
        # By the call: where its numbers stand, how many they are, and whether they are all
        self._places: OrderedDict[int, tuple[int, int, bool]] = OrderedDict()

    def left(self, array: Any, serial: int, site: tuple[CodeType, int] | None) -> None:
        """Take note of an array that left."""
        key = id(array)
        reference = weakref.ref(array, partial(self._arrays.pop, key))
        self._arrays[key] = ArrayLeft(reference, serial, site)
        if _is_floating(array):
            self._keep(array.ravel() if array.size <= _MOST else _sample(array), serial, array.size)

    def element_left(self, number: float, serial: int) -> None:
        """Take note of an element that is a value of its own."""
        self._keep(np.array([number]), serial, 1)

    def _keep(self, numbers: Any, serial: int, size: int) -> None:
        if self._ring is None:
            self._ring = np.empty(_RING, np.float32)
        start = self._next if self._next + len(numbers) <= _RING else 0
        end = self._next = start + len(numbers)
        with np.errstate(all="ignore"):
            self._ring[start:end] = numbers
        places = self._places
        places.pop(serial, None)
        while places and _overlap(next(iter(places.values())), start, end):
            places.popitem(last=False)
        places[serial] = start, len(numbers), len(numbers) == size

    def of_memory(self, array: Any) -> ArrayLeft | None:
        """Return how the memory of an array left torch; None where it did not."""
        while isinstance(array, np.ndarray):
            left = self._arrays.get(id(array))
            if left is not None and left.reference() is array:
                return left
            array = array.base
        return None

    def among(self, serial: int, value: Any) -> Any:
        """Return which elements of an array are one of the numbers that left by a call; None where
        that cannot be told.
        """
        start, length, complete = self._places.get(serial, (0, 0, False))
        if not complete or not _is_floating(value) or value.size > _LOOKED_AT:
            return None
        numbers = self._ring[start : start + length]
        with np.errstate(all="ignore"):
            is_known = np.isfinite(numbers).all()
            return np.isin(value.astype(np.float32), numbers) if is_known else None

    def are_gone(self, serial: int, value: Any, whole: Any) -> bool:
        """Say whether none of the numbers that left by a call is among those of an array.

        False where that cannot be told: too many have left since, or they are such as programs are
        full of.

        Args:
            serial: Number of the call.
            value: The array.
            whole: What left then, as it is now; None where it is gone.
        """
        place = self._places.get(serial)
        if place is None or not _is_floating(value):
            return False
        start, length, complete = place
        numbers = self._ring[start : start + length]
        if complete and whole is not None and whole.size == value.size:
            few = whole.flat[:_FEW].astype(np.float32)
            if ((few == numbers[:_FEW]) & (few.view(np.uint32) & 0x3FF != 0)).any():
                return False  # as almost always, and looking for each takes long
        with np.errstate(all="ignore"):
            bits = numbers.view(np.uint32)
            last = 0x3FF if (bits & _BEYOND_HALF).any() else _LAST_OF_HALF
            tells = bits & last != 0
            if not np.isfinite(numbers).all() or tells.sum() * _FEWEST < length:
                return False
            if complete and value.size <= _LOOKED_AT:
                return not np.isin(numbers[tells], value.ravel().astype(np.float32)).any()
            now = None if whole is None or complete else _sample(whole).astype(np.float32)
            return now is not None and not (numbers == now)[tells].any()


def _is_floating(value: Any) -> bool:
    return type(value) is np.ndarray and value.dtype.kind == "f" and value.size > 0


def _sample(value: Any) -> Any:
    """Return some numbers of a large array, always those of the same places."""
    return value.flat[:: value.size // _SAMPLES][:_SAMPLES]


def _overlap(place: tuple[int, int, bool], start: int, end: int) -> bool:
    return place[0] < end and start < place[0] + place[1]
