"""Which gradient that is not finite an optimizer's step took in, so that the leaf is spoilt by it.

Nothing is read but where numbers that are known already say that such a gradient came, or a line
has written into the leaf in the process's own memory.
"""

from typing import NamedTuple

from torch import Tensor

from gradviz.recording.arithmetic.sizes import plain, unseen
from gradviz.recording.devices import is_capturing
from gradviz.recording.entries.rewritten import STEP, LastWrite
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import address, region

_BACK = 8  # backwards that are looked back at for one that came to a leaf


class Unsound(NamedTuple):
    """What is about to be written into, where it or the gradient that came to it is not finite.

    Attributes:
        backward: How many backwards were over with the one that brought such a gradient; 0 where
            none is known to have.
        counts: The elements of the leaf that are not finite, and those that are NaN.
    """

    backward: int
    counts: tuple[int, int]


def before(tape: Tape, target: Tensor) -> Unsound | None:
    """Return what is wrong with what is about to be written into; None where nothing is known."""
    number = tape.leaf_number(target) if tape.backwards and target.requires_grad else None
    if not number or is_capturing():
        return None
    backward = _brought_by(tape, number)
    if not backward and not (target.is_cpu and _is_by_hand(_last(tape, target))):
        return None
    counts = _counts(target)
    return None if counts is None or not (backward or any(counts)) else Unsound(backward, counts)


def after(tape: Tape, target: Tensor, unsound: Unsound | None) -> int | None:
    """An optimizer has written into a leaf. Return how many backwards were over with the one whose
    gradient spoilt it, in this step or an earlier one, 0 where none is known to have; None where it
    only wrote back what a line had spoilt.
    """
    last = _last(tape, target)
    brought = 0 if last is None or (last.low, last.high) != region(target) else last.brought
    if (unsound is None and not brought) or is_capturing():
        return 0
    counts = _counts(target)
    if counts is None or not any(counts):
        return 0
    if brought or unsound is None:
        return brought
    is_more = any(now > then for now, then in zip(counts, unsound.counts, strict=True))
    if not is_more:
        return None if any(unsound.counts) and _is_by_hand(last) else 0
    gradient = target.grad if unsound.backward else None
    return unsound.backward if gradient is not None and any(_counts(gradient) or ()) else 0


def _last(tape: Tape, target: Tensor) -> LastWrite | None:
    return tape.rewritten.last(address(target), region(target))


def _is_by_hand(write: LastWrite | None) -> bool:
    return write is not None and write.operation != STEP


def _brought_by(tape: Tape, leaf: int) -> int:
    """Return the number of the last backward that came to a leaf, counted from 1, where it is known
    to have brought what is not finite; else 0.
    """
    for number in range(len(tape.backwards), max(0, len(tape.backwards) - _BACK), -1):
        observation = tape.backwards[number - 1].observation
        if observation is None:
            return 0
        came = observation.is_spoilt(leaf)
        if came is not None:
            return number if came else 0
    return 0


def _counts(value: Tensor) -> tuple[int, int] | None:
    """Return how many elements are not finite, and how many of these are NaN; None where they
    cannot be read.
    """
    return unseen(_counted, value)


def _counted(value: Tensor) -> tuple[int, int] | None:
    numbers = plain(value)
    if numbers is None:
        return None
    return int((~numbers.isfinite()).sum()), int(numbers.isnan().sum())
