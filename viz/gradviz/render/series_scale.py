"""From a number to a step of a logarithmic scale, which sparkline, picture and page share."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradviz.series.data import Line, Numbers


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic scale between two powers of ten. Read-only.

    Attributes:
        low, high: Exponents of ten, ``low < high``.
    """

    low: int
    high: int

    @classmethod
    def over(cls, numbers: Iterable[float | None]) -> "Scale | None":
        """Return the scale that holds some numbers.

        None where none of them is finite and above zero.
        """
        logs = [
            math.log10(number)
            for number in numbers
            if number is not None and math.isfinite(number) and number > 0
        ]
        if not logs:
            return None
        low, high = math.floor(min(logs)), math.ceil(max(logs))
        return cls(low, high if high > low else low + 1)

    def step(self, number: float, steps: int) -> int:
        """Return on which of so many equal steps, counted from 0, a finite number
        above zero lies.
        """
        share = (math.log10(number) - self.low) / (self.high - self.low)
        return min(steps - 1, max(0, int(share * steps)))


def values(lines: Iterable[Line], column: str) -> list[float | None]:
    """Return the numbers of all lines in one of their columns.

    ``"norms"``, ``"ratios"``, ``"zeros"``.
    """
    return [number for line in lines for number in numbers_of(line, column)]


def numbers_of(line: Line, column: str) -> Numbers:
    """Return one of the columns of a line by its name."""
    numbers: Numbers = getattr(line, column)
    return numbers


def spread(calls: Sequence[int], most: int) -> list[int]:
    """Return the positions of at most so many of the calls.

    An even spread with the last among them.
    """
    count = len(calls)
    if count <= most:
        return list(range(count))
    return sorted({count - 1 - round(place * (count - 1) / (most - 1)) for place in range(most)})


def amount(number: float | None) -> str:
    """Return a number as a reader wants it: ``"1.2e-03"``, ``"0"``, ``"NaN"``.

    A dash where there is none.
    """
    if number is None:
        return "-"
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "infinite"
    return f"{number:.1e}" if number else "0"
