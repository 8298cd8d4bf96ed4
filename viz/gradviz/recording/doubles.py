"""Single numbers known again by all their digits.

A number that leaves a tensor of single precision has a long tail as a Python float: 0.7 leaves as
0.699999988079071, which nobody writes and no arithmetic of Python gives by chance. So it is known
again where it goes in, also with another sign, doubled or halved, all of which keep the digits.
"""

import math
from collections.abc import Iterable

_KEPT = 3000  # numbers, of which another agrees with one by chance in 1 of 3000 times at most
_FRACTIONS = range(1, 130)
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
        and all(
            abs(number - round(number * part) / part) > 1e-7 * abs(number) for part in _FRACTIONS
        )
    )
