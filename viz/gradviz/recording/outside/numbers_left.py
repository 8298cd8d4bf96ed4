"""The numbers that left torch, known again as the very objects that they are."""

from typing import Any

from gradviz.recording.outside.alike import numbers_in
from gradviz.recording.outside.sites import HELD

Sources = tuple[tuple[int, ...], bool]
"""By which calls something left torch, and whether all of it did."""


class NumbersLeft:
    """The numbers that left last, each with that of the call."""

    def __init__(self) -> None:
        # By identity; held, so that no other gets it
        self._numbers: dict[int, tuple[Any, int]] = {}

    def left(self, value: Any, serial: int) -> None:
        """Take note of the numbers in a value that left."""
        for number in numbers_in(value):
            self._numbers[id(number)] = (number, serial)
        while len(self._numbers) > HELD:
            del self._numbers[next(iter(self._numbers))]

    def sources(self, value: Any) -> Sources:
        """Return where the numbers in a value came from."""
        sources = [self._numbers.get(id(number)) for number in numbers_in(value)]
        return (
            tuple(dict.fromkeys(source[1] for source in sources if source is not None)),
            bool(sources) and None not in sources,
        )
