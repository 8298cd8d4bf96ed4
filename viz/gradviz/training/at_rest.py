"""Optimizers whose learning rate is 0 for most of their steps, to the last: nothing moves any more.

Pure, without torch.
"""

from collections.abc import Iterator, Sequence

from gradviz.facts.evidence import Evidence, Stepper
from gradviz.graph import Place


def at_rest(steppers: Sequence[Stepper]) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield what optimizers hold whose rate has become 0, where that is so of all that step and at
    least half of their steps are left then: who freezes a part steps others on.
    """
    active = [stepper for stepper in steppers if stepper.steps]
    if active and all(map(_rests, active)):
        for stepper in active:
            lines = [place for _, place in stepper.schedules]
            names = [name for _, held in stepper.rests for name in held]
            yield "too_small", lines[0] if len(lines) == 1 else None, names


def explain_rest(
    concerned: Sequence[Evidence], holders: Sequence[Stepper]
) -> tuple[str, str] | None:
    """Return what it means for parameters, and what mends it; None where they are not at rest."""
    names = {own.name for own in concerned}
    for stepper in holders:
        if _rests(stepper) and names.issubset(stepper.held) and any(map(_has_moved, concerned)):
            last = max(last for last, _ in stepper.rests)
            return (
                f"From its step {last + 1:,} to its last, {stepper.steps:,}, {stepper.name} steps"
                " with a learning rate of 0: nothing moves any more.",
                "Make the schedule as long as the run, and count whether it goes on once a batch or"
                " once an epoch.",
            )
    return None


def _has_moved(parameter: Evidence) -> bool:
    return any(look.lr for look in parameter.looks)


def _rests(stepper: Stepper) -> bool:
    """Say whether all that an optimizer holds has a rate of 0 in the later half of its steps."""
    names = {name for _, held in stepper.rests for name in held}
    latest = max((last for last, _ in stepper.rests), default=stepper.steps)
    return names.issuperset(stepper.held) and stepper.steps - latest >= latest
