"""Numbers known again by their value.

One of 24 significant bits that left torch and goes in again is no coincidence.

Values that programs are full of (0.5, 1/3, 0.001, whole numbers) tell nothing and are left out. How
likely others agree by chance is reckoned from how many are known and how many are looked at, and
nothing is said where that could be.
"""

import math
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np

from gradviz.recording.reading.instructions import TextUse

_RECENT = 256  # numbers that are told by what was reckoned with them
_KEPT = 20_000  # values that are known at a time
_SAMPLES = 16  # of each thing that left
_LOOKED_AT = 2048  # elements of what goes in
_CHANCE = 1e-4  # that a single agreement may have of being a coincidence
_ALIKE = 2.0**-25  # of two values: 23 bits of fraction, and some exponents
_TEXTS = 256  # numbers in texts that are known
_DIGITS = 12  # after the point, of a number that was read out of a text
_FEW = 8  # numbers in a row that a programmer would write
_COPIED = 8  # one in so many of the elements agrees: then it is a copy, whatever the chance of one


class Fingerprints:
    """The values that left torch, in single precision, each with its number on the tape."""

    def __init__(self) -> None:
        # As numbers of Python's, that no small piece of memory that is kept lies among the arrays
        # that a script takes out and lets go of: a large one would not fit into the gap again
        self._new: list[tuple[list[float], int, bool]] = []
        # Sorted; of equal ones, those that were only shown come last
        self._values = np.empty(0, np.float32)
        self._serials = np.empty(0, np.int64)
        self._shown = np.empty(0, np.bool_)
        # Single numbers that went into a text, the newest last
        self._texts: list[tuple[float, int]] = []
        self._turns = np.empty(0, np.int64)  # when each left, by count
        self._count = 0
        self._doubles = Doubles()
        self.recent: deque[tuple[float, int]] = deque(maxlen=_RECENT)

    def left(self, value: Any, serial: int, use: TextUse = TextUse.NONE) -> None:
        """Take note of what left, and of the text that it went straight into."""
        sample = _sample(value, _SAMPLES)
        if use is not TextUse.NONE and sample is not None and len(sample) == 1:
            self._texts = [*self._texts[-_TEXTS:], (float(sample[0]), serial)]
        if sample is not None:
            numbers = sample.tolist()
            self.recent += [(number, serial) for number in numbers]
            self._doubles.left(numbers, serial, shown=use is TextUse.SHOWN)
            self._new.append((numbers, serial, use is TextUse.SHOWN))
            if len(self._new) > _KEPT:
                del self._new[: _KEPT // 2]

    def sources(self, value: Any) -> tuple[int, ...]:
        """Return where the values in something that goes in came from, where that is no
        coincidence.
        """
        if not self._new and not len(self._values):
            return ()
        sample = None if is_short(value) else _sample(value, _LOOKED_AT)
        if sample is None:
            return ()
        if type(value) is float and (read := self.read_back(value)):
            return (read,)
        exact = self._doubles.sources(sample.tolist()) if len(sample) <= _SAMPLES else ()
        if exact:
            return exact
        with np.errstate(all="ignore"):
            self._sort()
            sample = sample.astype(np.float32)
            sample = sample[sample.view(np.uint32) & 0x3FF != 0]
        if not len(sample) or not len(self._values):
            return ()
        places = np.searchsorted(self._values, sample)
        places[places == len(self._values)] = 0
        hits = places[self._values[places] == sample]
        rare = len(self._values) * len(sample) * _ALIKE < _CHANCE
        if not len(hits) or not (rare or (len(hits) >= 4 and len(hits) * _COPIED >= len(sample))):
            return ()
        return tuple(dict.fromkeys(int(serial) for serial in self._serials[np.unique(hits)]))

    def all_of(self, value: Any) -> tuple[int, ...]:
        """Return where the numbers of something that goes in came from, each of them as it left;
        nothing where one of them is another.
        """
        sample = None if is_short(value) else _sample(value, _SAMPLES)
        if sample is None or len(sample) >= _SAMPLES:
            return ()
        numbers = [number for number in sample.tolist() if number]
        return self._doubles.sources_of_all(numbers) if all(map(tells, numbers)) else ()

    def of_each(self, value: Any, most: int) -> list[int] | None:
        """Return by which call each number of an array left, 0 for a zero; None where that is
        unknown of one of them, or they are more than ``most``.
        """
        sample = _sample(value, most) if np.size(value) <= most else None
        numbers = () if sample is None or len(sample) != np.size(value) else sample.tolist()
        serials = [self._doubles.source_of(number) for number in numbers]
        return None if None in serials else [serial or 0 for serial in serials] or None

    def is_known_again(self, serial: int) -> bool:
        """Say whether what left by a call is known again wherever it goes in as it was."""
        return self._doubles.are_known_again(serial)

    def read_back(self, value: float) -> int:
        """Return what went into a text and is this number when it is rounded to as many digits.

        Returns:
            The number on the tape; 0 where nothing is so.
        """
        decimals = len(repr(value).partition(".")[2])
        if "e" in repr(value) or decimals > _DIGITS:
            return 0  # no text that a programmer would write
        return next(
            (
                serial
                for before, serial in reversed(self._texts)
                if round(before, decimals) == value
            ),
            0,
        )

    def _sort(self) -> None:
        if not self._new:
            return
        new = [(number, serial, shown) for sample, serial, shown in self._new for number in sample]
        self._new.clear()
        numbers, numbers_of, only_shown = zip(*new, strict=True)
        values = np.array(numbers, np.float64).astype(np.float32)
        serials, shown = np.array(numbers_of, np.int64), np.array(only_shown, np.bool_)
        turns = np.arange(self._count, self._count + len(values))
        self._count += len(values)
        telling = np.concatenate(
            [_is_telling(values[start : start + 4096]) for start in range(0, len(values), 4096)]
        )
        values = np.concatenate([self._values, values[telling]])
        serials = np.concatenate([self._serials, serials[telling]])
        shown = np.concatenate([self._shown, shown[telling]])
        turns = np.concatenate([self._turns, turns[telling]])
        order = np.lexsort((shown, values))
        if len(values) > _KEPT:
            order = order[turns[order] >= np.sort(turns)[-_KEPT]]
        self._values, self._serials = values[order], serials[order]
        self._shown, self._turns = shown[order], turns[order]


def is_short(value: Any) -> bool:
    """Say whether a value is a number that a programmer would write, or a few of them, as sizes
    are.
    """
    if type(value) in (list, tuple):
        return len(value) <= _FEW and all(map(is_short, value))
    return (
        value is None
        or isinstance(value, int)
        or (isinstance(value, float) and float(f"{value:.5g}") == value)
    )


def _sample(value: Any, most: int) -> Any:
    """Return at most so many floating-point numbers of a value, flat and copied.

    None where it has none.
    """
    if isinstance(value, (float, np.floating)):
        return np.array([value])
    if isinstance(value, (complex, np.complexfloating)):
        return np.array([value.real, value.imag])
    if type(value) in (list, tuple):
        return _sample_of_list(value, most)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fc" or not value.size:
        return None
    if value.size <= most:
        some = value.flatten()
    else:
        step = value.size // (most // 2)
        some = np.concatenate([value.flat[: most // 2], value.flat[:: max(1, step)][: most // 2]])
    return np.concatenate([some.real, some.imag]) if some.dtype.kind == "c" else some


def _sample_of_list(value: Any, most: int) -> Any:
    parts: list[Any] = []
    pending, left = [value], most
    while pending and left > 0:
        for item in pending.pop()[:left]:
            if type(item) in (list, tuple):
                pending.append(item)
            elif isinstance(item, (float, complex, np.generic, np.ndarray)):
                part = _sample(item, left)
                if part is not None:
                    parts.append(part)
                    left -= len(part)
    return np.concatenate(parts)[:most] if parts else None


def _is_telling(values: Any) -> Any:
    """Say which values no program is full of.

    No short decimal, no simple fraction, many significant bits.
    """
    size = np.abs(values)
    good = (
        np.isfinite(values) & (size > 1e-30) & (size < 1e30) & (values.view(np.uint32) & 0x3FF != 0)
    )
    exact = np.where(good, values, np.float32(1)).astype(np.float64)
    scale = 10.0 ** (4 - np.floor(np.log10(np.abs(exact))))
    good &= (np.round(exact * scale) / scale).astype(np.float32) != values
    wholes = np.arange(3.0, 130.0)
    fractions = (np.round(exact[:, None] * wholes) / wholes).astype(np.float32)
    return good & (fractions != values[:, None]).all(1)


# Single numbers known again by all their digits.


_MOST_DOUBLES = (
    3000  # numbers, of which another agrees with one by chance in 1 of 3000 times at most
)
_LARGEST = 129  # denominator of a fraction that programs are full of
_SHORT = 12  # that a number has which a programmer writes or a text holds
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
        while len(self._serials) > _MOST_DOUBLES:
            del self._serials[next(iter(self._serials))]

    def source_of(self, number: float) -> int | None:
        """Return where a number came from, 0 for a zero; None where that is unknown."""
        if not number:
            return 0
        return self._serials.get(_digits(number)) if tells(number) else None

    def sources_of_all(self, numbers: Iterable[float]) -> tuple[int, ...]:
        """Return where numbers that go in came from; nothing where that is unknown of one of
        them.
        """
        serials = [self._serials.get(_digits(number), 0) for number in numbers]
        return tuple(dict.fromkeys(serials)) if all(serials) else ()

    def are_known_again(self, serial: int) -> bool:
        """Say whether all that left by a call are numbers that are known again."""
        numbers = [number for number, by in self._serials.items() if by == serial]
        return bool(numbers) and all(map(tells, numbers))

    def sources(self, numbers: Iterable[float]) -> tuple[int, ...]:
        """Return where numbers that go in came from."""
        if not self._serials:
            return ()
        serials: dict[int, None] = {}
        for number in numbers:
            serial = self._serials.get(_digits(number), 0)
            if serial and tells(number):
                serials[serial] = None
        return tuple(serials)


def _digits(number: float) -> float:
    return abs(math.frexp(number)[0]) if math.isfinite(number) else 0.0


def tells(number: float) -> bool:
    """Say whether programs are not full of a number: no short decimal, no simple fraction, neither
    in double nor in single precision, and many significant bits.
    """
    digits = _digits(number)
    scaled = digits * _BITS
    return (
        scaled != int(scaled)
        and float(f"{number:.{_SHORT}g}") != number
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
