"""The writes into one piece of memory, by where they went, so that a buffer that is filled row by
row is read at once.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from copy import copy
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from gradviz.recording.entries.places import Places


class _Ranged(Protocol):
    low: int
    high: int
    serial: int
    family: Any
    places: Places | None


Kind = TypeVar("Kind", bound=_Ranged)
_low = attrgetter("low")
_MOST = 64  # writes that have grown, which are looked at one by one


def places_of_write(write: _Ranged) -> Places:
    """Return the bytes that a write went to."""
    return write.places or Places(write.low, write.high, write.high - write.low)


class Writes(Generic[Kind]):
    """Writes in order of their first byte.

    What the same call has written side by side is one write that grows.
    """

    __slots__ = ("_apart", "_by_low", "_grown", "_longest", "by_serial")

    def __init__(self) -> None:
        self.by_serial: dict[int, list[Kind]] = {}
        self._by_low: list[Kind] = []
        self._grown: list[Kind] = []
        self._longest = 0
        self._apart = False  # some write has left out bytes between its first and its last

    def __bool__(self) -> bool:
        return bool(self.by_serial)

    def __iter__(self) -> Iterator[Kind]:
        return (write for same in self.by_serial.values() for write in same)

    def append(self, write: Kind) -> None:
        """Add a write."""
        same = self.by_serial.setdefault(write.serial, [])
        self._apart = self._apart or write.places is not None
        if same and self._grow(same[-1], write):
            return
        same.append(write)
        insort(self._by_low, write, key=_low)
        self._longest = max(self._longest, write.high - write.low)

    def over(self, low: int, high: int) -> list[Kind]:
        """Return the writes that lie across a range, the first made first."""
        start = bisect_left(self._by_low, low - self._longest, key=_low)
        end = bisect_left(self._by_low, high, key=_low)
        writes = [write for write in self._by_low[start:end] if low < write.high]
        writes += [write for write in self._grown if low < write.high and write.low < high]
        return sorted(writes, key=attrgetter("serial"))

    def drop(self, places: Places) -> None:
        """Forget the writes into some bytes, and of others the part that went there."""
        across = self._apart or not places.is_whole
        for write in self.over(places.low, places.high) if across else ():
            if places.is_whole and write.places is None:
                continue
            rest = places_of_write(write).without(places)
            if rest is not None:
                write.places = None if rest.is_whole else rest
                self._apart = True
                continue
            self._by_low = [other for other in self._by_low if other is not write]
            self._grown = [other for other in self._grown if other is not write]
            self._forget(write)
        if places.is_whole:
            self._drop_within(places.low, places.high)

    def _drop_within(self, low: int, high: int) -> None:
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
        across = [write for write in self._by_low[start:end] if low < write.high]
        for write in across:
            if write.places is None:
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
            or last.places is not None
            or write.places is not None
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
