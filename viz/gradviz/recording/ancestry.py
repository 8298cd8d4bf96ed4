"""Which values went into which, as a tape has them."""

from collections.abc import Iterator

from gradviz.recording.brought import Backward
from gradviz.recording.tape import Tape

_NEAR = 4096  # values that are looked at to say whether one went into another


def is_made_of(tape: Tape, number: int, own: set[int]) -> bool:
    """Say whether a value is made of nothing but some values, through calls that autograd did
    not record.
    """
    met, stack = {number}, [number]
    while stack:
        current = stack.pop()
        if current in own:
            continue
        call = tape.calls.get(current)
        if call is None or len(met) > 256:
            return False
        for before, _ in call.inputs:
            if before not in met:
                met.add(before)
                stack.append(before)
    return True


def without_leaf(tape: Tape, number: int, own: int) -> Iterator[int]:
    """Yield what a value is made of less one leaf, as calls that autograd did not record and
    that have it not behind them.
    """
    met, stack = {number}, [number]
    while stack:
        current = stack.pop()
        inputs = [before for before, _ in tape.calls[current].inputs]
        if not _is_behind(tape, own, current) or any(
            before != own and before not in tape.calls for before in inputs
        ):
            yield current
            continue
        for before in inputs:
            if before != own and before not in met:
                met.add(before)
                stack.append(before)


def _is_behind(tape: Tape, wanted: int, number: int) -> bool:
    """Say whether a value went into another, through calls that autograd did not record."""
    met, stack = {number}, [number]
    while stack and len(met) < 256:
        for before, _ in tape.calls[stack.pop()].inputs:
            if before == wanted:
                return True
            if before in tape.calls and before not in met:
                met.add(before)
                stack.append(before)
    return False


def has_behind(tape: Tape, number: int, wanted: int) -> bool:
    """Say whether a value went into another, through whatever calls."""
    met, stack = {number}, [number]
    while stack and len(met) < _NEAR:
        current = stack.pop()
        step = tape.steps.get(current)
        for before in (
            [before for before, _ in tape.calls[current].inputs] if step is None else step.nexts
        ):
            if before == wanted:
                return True
            if before not in met:
                met.add(before)
                stack.append(before)
    return False


def leads_to(tape: Tape, roots: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Say whether a backward from ``roots`` passes ``wanted`` close by.

    ``(loss / 4).backward()`` does pass the loss.
    """
    met, stack = set(roots), list(roots)
    while stack and len(met) < 64:
        step = tape.steps.get(stack.pop(0))
        for before in () if step is None else step.nexts:
            if before not in met:
                met.add(before)
                stack.append(before)
    return met.issuperset(wanted)


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
