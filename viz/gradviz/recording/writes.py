"""The writes into one piece of memory, by where they went, so that a buffer that is filled row by row is read at once."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from operator import attrgetter
from typing import Generic, Protocol, TypeVar


class _Ranged(Protocol):
    low: int
    high: int
    serial: int


Kind = TypeVar("Kind", bound=_Ranged)
_low = attrgetter("low")


class Writes(Generic[Kind]):
    """Writes in order of their first byte."""

    __slots__ = ("_by_low", "_longest", "by_serial")

    def __init__(self) -> None:
        self.by_serial: dict[int, Kind] = {}
        self._by_low: list[Kind] = []
        self._longest = 0

    def __bool__(self) -> bool:
        return bool(self._by_low)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.by_serial.values())

    def append(self, write: Kind) -> None:
        """Add a write."""
        self.by_serial[write.serial] = write
        insort(self._by_low, write, key=_low)
        self._longest = max(self._longest, write.high - write.low)

    def over(self, low: int, high: int) -> list[Kind]:
        """Return the writes that share a byte with a range, the first made first."""
        start = bisect_left(self._by_low, low - self._longest, key=_low)
        end = bisect_left(self._by_low, high, key=_low)
        return sorted((write for write in self._by_low[start:end] if low < write.high), key=attrgetter("serial"))

    def drop_within(self, low: int, high: int) -> None:
        """Forget the writes that lie in a range."""
        start = bisect_left(self._by_low, low, key=_low)
        end = bisect_left(self._by_low, high, key=_low)
        for write in self._by_low[start:end]:
            if write.high <= high:
                del self.by_serial[write.serial]
        self._by_low[start:end] = [write for write in self._by_low[start:end] if write.high > high]
