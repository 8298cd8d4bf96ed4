"""The lines of the calls that autograd recorded, and which of them made a node or took a parameter
in.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor

from gradviz.recording.reading.where import Spot


class Lines:
    """The lines of the calls that autograd recorded, in the order of the calls."""

    def __init__(self) -> None:
        self._firsts: list[int] = []  # of each call that made nodes: torch's number of the first,
        self._lasts: list[int] = []  # of the last,
        self._spots: list[tuple[Any, ...]] = []  # and the line
        self._ends: list[int] = []  # how many there were as each backward ended
        self._taken: list[int] = []  # parameters that the call at hand takes in, by identity
        # Of parameters by identity: the position of the last call that took each in
        self._read: dict[int, int] = {}
        self._aside: list[Spot] = []  # lines of calls of other threads that made nodes,
        self._read_aside: dict[int, Spot] = {}  # and of those that took in a parameter last

    def __len__(self) -> int:
        return len(self._spots)

    def made(self, first: int, last: int, spot: tuple[Any, ...]) -> None:
        """Take note that a call made the nodes from ``first`` up to but without ``last``, by
        torch's numbers.
        """
        for parameter in self._taken:
            self._read[parameter] = len(self._spots)
        self._taken.clear()
        self._firsts.append(first)
        self._lasts.append(last - 1)
        self._spots.append(spot)

    def maker(self, number: int) -> Spot | None:
        """Return the line that made a node, by torch's number; None where none was seen."""
        index = bisect_left(self._lasts, number)
        if index < len(self._lasts) and self._firsts[index] <= number:
            spot = self._spots[index]
            if type(spot) is not Spot:  # it is made when somebody asks, once
                spot = self._spots[index] = Spot._make(spot)
            return spot
        return None

    def begin(self) -> None:
        """Take note that a call is at hand, which may yet turn out to make no node."""
        self._taken.clear()

    def read(self, parameter: Tensor) -> None:
        """Take note that the call at hand takes in a parameter."""
        self._taken.append(id(parameter))

    def made_aside(self, spot: Spot, parameters: Iterable[Tensor]) -> None:
        """Take note of a call of another thread that made nodes, and of the parameters that it took
        in.
        """
        self._aside.append(spot)
        for parameter in parameters:
            self._read.pop(id(parameter), None)
            self._read_aside[id(parameter)] = spot

    def read_at(self, parameter: Tensor) -> Spot | None:
        """Return the line that took a parameter in last, in a call that autograd recorded.

        None where none was seen.
        """
        if id(parameter) in self._read_aside and id(parameter) not in self._read:
            return self._read_aside[id(parameter)]
        index = self._read.get(id(parameter), len(self._spots))
        return Spot._make(self._spots[index]) if index < len(self._spots) else None

    def backward_ended(self) -> None:
        """Take note that a backward has ended after the calls that were noted so far."""
        self._ends.append(len(self._spots))

    def spots(self) -> Iterator[tuple[Spot, int]]:
        """Yield the line of every call that autograd recorded, and how many backwards had ended by
        then.
        """
        ended = 0
        for index, spot in enumerate(self._spots):
            while ended < len(self._ends) and self._ends[ended] <= index:
                ended += 1
            yield Spot._make(spot), ended
        yield from ((spot, ended) for spot in self._aside)

    def keep(self, most: int) -> None:
        """Let go of all but the newest calls."""
        extra = max(0, len(self._lasts) - most)
        self._read = {key: index - extra for key, index in self._read.items() if index >= extra}
        self._ends = [max(0, index - extra) for index in self._ends]
        del self._firsts[:extra], self._lasts[:extra], self._spots[:extra]
