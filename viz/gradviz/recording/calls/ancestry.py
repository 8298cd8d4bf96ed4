"""Which values went into which, as a tape has them."""

from collections.abc import Iterator, Sequence
from functools import partial

from gradviz.recording.brought import Backward
from gradviz.recording.entries.records import nexts_of
from gradviz.recording.tape import Tape
from gradviz.system.walk import walk

_MOST_CALLS = 256  # of which a value may be made
_NEAR = 4096  # values that are looked at to say whether one went into another


def is_made_of(tape: Tape, number: int, own: set[int]) -> bool:
    """Say whether a value is made of nothing but some values, through calls that autograd did
    not record.
    """
    places = walk([number], lambda current: () if current in own else _inputs(tape, current))
    others = (current for current in places if current not in own)
    return all(
        current in tape.calls and count < _MOST_CALLS for count, current in enumerate(others)
    )


def without_leaf(tape: Tape, number: int, own: int) -> Iterator[int]:
    """Yield what a value is made of less one leaf, as calls that autograd did not record and
    that have it not behind them.
    """
    inner: dict[int, list[int]] = {}
    for current in walk([number], lambda current: inner.get(current, ())):
        inputs = [before for before in _inputs(tape, current) if before != own]
        if _is_behind(tape, own, current) and all(before in tape.calls for before in inputs):
            inner[current] = inputs
        else:
            yield current


def _is_behind(tape: Tape, wanted: int, number: int) -> bool:
    """Say whether a value went into another, through calls that autograd did not record."""
    return wanted in walk(_inputs(tape, number), partial(_inputs, tape), most=256)


def _inputs(tape: Tape, number: int) -> list[int]:
    return [before for before, _ in tape.calls[number].inputs]


def has_behind(tape: Tape, number: int, wanted: int) -> bool:
    """Say whether a value went into another, through whatever calls."""

    def made_of(current: int) -> Sequence[int]:
        step = tape.steps.get(current)
        return _inputs(tape, current) if step is None else step.nexts

    return wanted in walk(made_of(number), made_of, most=_NEAR)


def leads_to(tape: Tape, roots: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Say whether a backward from ``roots`` passes ``wanted`` close by.

    ``(loss / 4).backward()`` does pass the loss.
    """
    return set(wanted).issubset(walk(roots, partial(nexts_of, tape.steps), most=64, nearest=True))


def brought_by(tape: Tape, root: int) -> Backward | None:
    """Return the last backward that the step ran through a node; None where none was."""
    return next(
        (
            backward
            for backward in reversed(tape.backwards)
            if leads_to(tape, backward.roots, (root,))
        ),
        None,
    )
