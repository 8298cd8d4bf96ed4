"""Whether a number that goes in is reckoned from one that left, with nothing but numbers that stand
in the source: ``3.7 * x + 0.1``, a sum of what left at one place, or its mean.

No coincidence gives that to the last digit, whatever held the number on its way.
"""

import ast
import math
from collections.abc import Callable, Collection, Container, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from gradviz.recording.outside.fingerprints import tells
from gradviz.recording.reading.instructions import scope_of
from gradviz.recording.reading.where import by_file

_WRITTEN = 12  # numbers of the source that are tried
_WINDOW = 8  # numbers of which the last few may be taken together
_FEW = 6  # of which any may be
_MISSES = 4  # at one instruction, until it is left alone
_NEAR, _SAME = 1e-9, 4e-15
_ALWAYS = (1.0, 2.0)

Step = tuple[int, float]
"""Which of ``_STEPS``, and with which number of the source."""


class _Pair(NamedTuple):
    """What is reckoned of a number with another, and how it is reckoned back."""

    onward: Callable[[Any, Any], Any]
    back: Callable[[Any, Any], Any]


_STEPS = (
    _Pair(lambda x, c: x + 0 * c, lambda t, c: t + 0 * c),
    _Pair(lambda x, c: x * c, lambda t, c: t / c),
    _Pair(lambda x, c: x / c, lambda t, c: t * c),
    _Pair(lambda x, c: c / x, lambda t, c: c / t),
    _Pair(lambda x, c: x + c, lambda t, c: t - c),
    _Pair(lambda x, c: x - c, lambda t, c: t + c),
    _Pair(lambda x, c: c - x, lambda t, c: c - t),
)


class _Candidate(NamedTuple):
    """A number that left, or what is reckoned of several, and by which calls."""

    value: float
    serials: tuple[int, ...]
    single: bool = False


class NumbersOut(NamedTuple):
    """Numbers that left.

    Attributes:
        numbers: Each with that of the call, the newest last.
        place_of: Says where a call stands.
        among: The calls that are meant; None for all.
    """

    numbers: Collection[tuple[float, int]]
    place_of: Callable[[int], Hashable]
    among: Container[int] | None = None

    def meant(self) -> Iterator[tuple[float, int, Hashable]]:
        """Yield each number that is meant, with that of the call and with its place."""
        for number, serial in self.numbers:
            if self.among is None or serial in self.among:
                yield number, serial, self.place_of(serial)

    def candidates(self) -> Iterator[_Candidate]:
        """Yield what a number may be reckoned from: where a few calls are meant, any of them."""
        return _candidates(self.meant(), any_of_few=self.among is not None)


class _Way(NamedTuple):
    """How a number was reckoned: in which steps, and from one number or several."""

    steps: tuple[Step, Step]
    single: bool

    def gives(self, value: float, number: float) -> bool:
        """Say whether a value gives a number so."""
        try:
            for which, constant in self.steps:
                value = _STEPS[which].onward(value, constant)
        except (ZeroDivisionError, OverflowError):
            return False
        return abs(value - number) <= _SAME * abs(number)


@dataclass(slots=True)
class _Before:
    """What was found at an instruction: the way a number was reckoned there last, and how often
    none was found.
    """

    code: CodeType  # held, so that no other gets its identity
    way: _Way | None = None
    misses: int = 0


@dataclass(slots=True)
class Reckoner:
    """Finds from which numbers another is reckoned, instruction by instruction."""

    _before: dict[tuple[int, int], _Before] = field(default_factory=dict)

    def sources(
        self, code: CodeType, lasti: int, number: float, left: NumbersOut
    ) -> tuple[int, ...]:
        """Return by which calls left what a number is reckoned from; nothing where that is not
        known, or may be one or another.

        Args:
            code, lasti: The instruction that is given the number.
            number: The number.
            left: What it may be reckoned from.
        """
        before = self._before.setdefault((id(code), lasti), _Before(code))
        if before.misses >= _MISSES or not tells(number):
            return ()
        serials = _again(before.way, number, left) if before.way is not None else ()
        if not serials and (candidates := list(left.candidates())):
            before.way, serials = _search(number, candidates, written_near(code))
            before.misses += not serials
        return serials


def _again(way: _Way, number: float, left: NumbersOut) -> tuple[int, ...]:
    """Return what gives a number in the way that was found before, the newest first."""
    if way.single:
        for value, serial in reversed([*left.numbers]):
            if (left.among is None or serial in left.among) and way.gives(value, number):
                return (serial,)
        return ()
    together = (item.serials for item in left.candidates() if way.gives(item.value, number))
    return next(together, ())


@by_file
def written_near(code: CodeType) -> tuple[float, ...]:
    """Return the numbers that stand in a function's source, and then those of its file, and of the
    files that this is read with.
    """
    scoped = scope_of(code)
    if scoped is None:
        return _ALWAYS
    trees = scoped[0].trees.values() or (scoped[0].tree,)
    numbers = (number for tree in (scoped[1].node, *trees) for number in _numbers(tree))
    return tuple(dict.fromkeys((*_ALWAYS, *numbers)))[:_WRITTEN]


def _numbers(tree: ast.AST) -> Iterator[float]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            number = float(node.value)
            if number and math.isfinite(number):
                yield number


def _candidates(
    left: Iterable[tuple[float, int, Hashable]], *, any_of_few: bool
) -> Iterator[_Candidate]:
    """Yield numbers that left, and the sums and means of those that left together: at one place,
    or the last at one place, or by one call; of a few ``any_of_few`` together.
    """
    together: dict[Hashable, list[tuple[float, int]]] = {}
    for number, serial, place in left:
        yield _Candidate(number, (serial,), single=True)
        together.setdefault(place, []).append((number, serial))
        together.setdefault(serial, []).append((number, serial))
    for numbers in together.values():
        starts = {0, *range(len(numbers) - 2, max(0, len(numbers) - _WINDOW), -1)}
        groups: Iterable[Sequence[tuple[float, int]]] = (numbers[start:] for start in starts)
        if any_of_few and len(numbers) <= _FEW:
            groups = chain.from_iterable(
                combinations(numbers, size) for size in range(2, len(numbers) + 1)
            )
        for some in groups:
            if len(some) > 1:
                total = sum(number for number, _ in some)
                serials = tuple(dict.fromkeys(serial for _, serial in some))
                yield _Candidate(total, serials)
                yield _Candidate(total / len(some), serials)


def _search(
    number: float, candidates: list[_Candidate], written: tuple[float, ...]
) -> tuple[_Way | None, tuple[int, ...]]:
    """Return in which way one candidate gives a number, and its sources; nothing where several
    do.
    """
    constants = np.array(written)
    with np.errstate(all="ignore"):
        values = np.array([item.value for item in candidates])[:, None]
        first = np.stack([step.onward(values, constants) for step in _STEPS], 1).reshape(-1)
        order = np.argsort(first)
        ordered = first[order]
        ways: list[tuple[_Way, tuple[int, ...]]] = []
        for which, step in enumerate(_STEPS):
            for constant in written if which else written[:1]:
                target = float(step.back(number, constant))
                room = _NEAR * abs(target)
                low, high = np.searchsorted(ordered, (target - room, target + room))
                for place in map(int, order[low:high]):
                    rest, column = divmod(place, len(written))
                    item, kind = candidates[rest // len(_STEPS)], rest % len(_STEPS)
                    way = _Way(((kind, written[column]), (which, constant)), item.single)
                    if way.gives(item.value, number):
                        ways.append((way, item.serials))
    short = [item for item in ways if not item[0].steps[1][0]] or ways
    if len({serials for _, serials in short}) != 1:
        return None, ()
    return short[0]
