"""Single numbers known again by all their digits.

A number that leaves a tensor of single precision has a long tail as a Python float: 0.7 leaves as
0.699999988079071, which nobody writes and no arithmetic of Python gives by chance. So it is known
again where it goes in, also with another sign, doubled or halved, all of which keep the digits.
"""

import math
from collections.abc import Iterable

_KEPT = 3000  # numbers, of which another agrees with one by chance in 1 of 3000 times at most
_LARGEST = 129  # denominator of a fraction that programs are full of
_DIGITS = 12  # that a number has which a programmer writes or a text holds
_BITS = 1 << 11  # of the fraction; what has no more says little


class Doubles:
    """The numbers that left torch last, each with its number on the tape."""

    def __init__(self) -> None:
        self._serials: dict[float, int] = {}

    def left(self, numbers: Iterable[float], serial: int, *, shown: bool = False) -> None:
        """Take note of numbers that left, ``shown`` where only for people to read."""
        for number in numbers:
            digits = _digits(number)
            before = self._serials.pop(digits, None)
            if shown and before is not None:
                self._serials[digits] = before
                continue
            self._serials[digits] = serial
        while len(self._serials) > _KEPT:
            del self._serials[next(iter(self._serials))]

    def sources(self, numbers: Iterable[float]) -> tuple[int, ...]:
        """Return where numbers that go in came from."""
        if not self._serials:
            return ()
        serials: dict[int, None] = {}
        for number in numbers:
            serial = self._serials.get(_digits(number), 0)
            if serial and _is_telling(number):
                serials[serial] = None
        return tuple(serials)


def _digits(number: float) -> float:
    return abs(math.frexp(number)[0]) if math.isfinite(number) else 0.0


def _is_telling(number: float) -> bool:
    """Say whether programs are not full of a number: no short decimal, no simple fraction, neither
    in double nor in single precision, and many significant bits.
    """
    digits = _digits(number)
    scaled = digits * _BITS
    return (
        scaled != int(scaled)
        and float(f"{number:.{_DIGITS}g}") != number
        and not _is_fraction(number)
    )


def _is_fraction(number: float) -> bool:
    """Say whether a number is a fraction of two small numbers, as exactly as single precision is.

    Of those with small denominators the nearest is one of the two in which its continued fraction
    ends.
    """
    allowed = 1e-7 * abs(number)
    rest, above, below, above_before, below_before = number, 1, 0, 0, 1
    while True:
        whole = math.floor(rest)
        if whole * below + below_before > _LARGEST:
            break
        above, above_before = whole * above + above_before, above
        below, below_before = whole * below + below_before, below
        if abs(number - above / below) <= allowed:
            return True
        rest = 1 / (rest - whole)
    whole = (_LARGEST - below_before) // below
    between = (whole * above + above_before) / (whole * below + below_before)
    return abs(number - between) <= allowed
