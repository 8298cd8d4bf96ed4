"""The writes into one piece of memory, by where they went, so that a buffer that is filled row by
row is read at once.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from copy import copy
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar


class _Ranged(Protocol):
    low: int
    high: int
    serial: int
    family: Any


Kind = TypeVar("Kind", bound=_Ranged)
_low = attrgetter("low")
_MOST = 64  # writes that have grown, which are looked at one by one


class Writes(Generic[Kind]):
    """Writes in order of their first byte.

    What the same call has written side by side is one write that grows.
    """

    __slots__ = ("_by_low", "_grown", "_longest", "by_serial")

    def __init__(self) -> None:
        self.by_serial: dict[int, list[Kind]] = {}
        self._by_low: list[Kind] = []
        self._grown: list[Kind] = []
        self._longest = 0

    def __bool__(self) -> bool:
        return bool(self.by_serial)

    def __iter__(self) -> Iterator[Kind]:
        return (write for same in self.by_serial.values() for write in same)

    def append(self, write: Kind) -> None:
        """Add a write."""
        same = self.by_serial.setdefault(write.serial, [])
        if same and self._grow(same[-1], write):
            return
        same.append(write)
        insort(self._by_low, write, key=_low)
        self._longest = max(self._longest, write.high - write.low)

    def over(self, low: int, high: int) -> list[Kind]:
        """Return the writes that share a byte with a range, the first made first."""
        start = bisect_left(self._by_low, low - self._longest, key=_low)
        end = bisect_left(self._by_low, high, key=_low)
        writes = [write for write in self._by_low[start:end] if low < write.high]
        writes += [write for write in self._grown if low < write.high and write.low < high]
        return sorted(writes, key=attrgetter("serial"))

    def drop_within(self, low: int, high: int) -> None:
        """Forget the writes that lie in a range, and of others the part that does."""
        start = bisect_left(self._by_low, low, key=_low)
        end = bisect_left(self._by_low, high, key=_low)
        inside = [write for write in self._by_low[start:end] if write.high <= high]
        if inside:
            self._by_low[start:end] = [
                write for write in self._by_low[start:end] if write.high > high
            ]
        for write in inside:
            self._forget(write)
        start = bisect_left(self._by_low, low - self._longest, key=_low)
        end = bisect_left(self._by_low, high, key=_low)
        for write in [write for write in self._by_low[start:end] if low < write.high]:
            self._by_low.remove(write)
            self._cut_out(write, low, high)
            insort(self._by_low, write, key=_low)
        for write in [write for write in self._grown if low < write.high and write.low < high]:
            self._cut_out(write, low, high)

    def _grow(self, last: Kind, write: Kind) -> bool:
        """Let a write take in another of the same call where the two touch. Say whether it has."""
        if (
            last.family is not None
            or write.family is not None
            or write.low > last.high
            or write.high < last.low
        ):
            return False
        if not any(last is grown for grown in self._grown):
            if len(self._grown) >= _MOST:
                return False
            place = bisect_left(self._by_low, last.low, key=_low)
            while self._by_low[place] is not last:
                place += 1
            del self._by_low[place]
            self._grown.append(last)
        last.low, last.high = min(last.low, write.low), max(last.high, write.high)
        return True

    def _cut_out(self, write: Kind, low: int, high: int) -> None:
        before, after = write.low < low, high < write.high
        if before and after:
            rest = copy(write)
            rest.low = high
            self.by_serial[write.serial].insert(0, rest)
            insort(self._by_low, rest, key=_low)
            self._longest = max(self._longest, rest.high - rest.low)
        if before:
            write.high = low
        elif after:
            write.low = high
        else:
            self._grown = [grown for grown in self._grown if grown is not write]
            self._forget(write)

    def _forget(self, write: Kind) -> None:
        left = [other for other in self.by_serial[write.serial] if other is not write]
        if left:
            self.by_serial[write.serial] = left
        else:
            del self.by_serial[write.serial]
