"""What leads a report: what was meant to train and does not, or what the next step spoils.

Pure, without torch.

What is meant is no alarm: frozen and in no optimizer, a step that GradScaler skips while it
settles, what another loss trains.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from gradviz.graph import Place, Verdict
from gradviz.training.words import explain
from gradviz.training_facts import Alarm, ConstantTerm, Evidence, Fate, Stepper

_TINY = 1e-8  # of the largest gradient of a model, what has all but vanished
_HUGE = 1e4  # an element of a gradient that explodes
_FAR = 1e3  # times the size of a parameter, an update that leaves nothing of it
# An update of an element that is large whatever the parameter was: a gain or a bias may begin near
# zero
_LARGE = 1.0
_AGAIN = 3  # calls that bring gradient: one or two may be a look at it


def find_alarms(
    evidence: Mapping[str, Evidence],
    fates: Sequence[Fate],
    steppers: Sequence[Stepper],
    terms: Sequence[ConstantTerm],
    underivable: Sequence[ConstantTerm],
    *,
    inspects: bool,
    ended: bool,
) -> tuple[Alarm, ...]:
    """Return the alarms, those for the same reason and line as one.

    Args:
        evidence: What was seen of each parameter, by name.
        fates: What was made of it.
        steppers: The optimizers.
        terms: The constant terms of the losses.
        underivable: Operations without a derivative that gradient was to pass.
        inspects: Some call is perhaps not meant to train.
        ended: Nothing more is to come.
    """
    found: dict[tuple[str, Place | None], list[str]] = {}
    idle = set()
    for why, place, names in _idle(evidence, steppers):
        found.setdefault((why, place), []).extend(names)
        idle.update(names)
    for term in underivable:
        found.setdefault(("underivable", term.place), []).extend(term.parameters)
    for why, place, names in _constant(terms, steppers):
        found.setdefault((why, place), []).extend(names)
    for why, place, names in _exploding(evidence.values()):
        found.setdefault((why, place), []).extend(names)
    if ended and not inspects and not steppers:
        found.update(_no_step(evidence.values(), fates))
    holders = {name: [each for each in steppers if name in each.held] for name in evidence}
    for fate in fates:
        if (
            fate.trains is False
            and fate.why is not None
            and fate.name not in idle
            and not (underivable and fate.why == "not_stepped")
        ):
            meant = _MEANT[fate.why]
            if meant(
                evidence[fate.name], holders[fate.name], _Around(evidence, fates, steppers, ended)
            ):
                why = (
                    "vanishing"
                    if fate.why == "too_small" and _vanishes(evidence, fate)
                    else fate.why
                )
                place = (
                    None if fate.file is None else Place(fate.file, fate.line or 0, fate.code or "")
                )
                if why == "stale":  # one replacement takes several lines
                    place = next(
                        (
                            known
                            for reason, known in found
                            if reason == why and known and known.file == fate.file
                        ),
                        place,
                    )
                found.setdefault((why, place), []).append(fate.name)
    return tuple(
        _alarm(why, place, names, evidence, steppers) for (why, place), names in found.items()
    )


class _Around:
    """What a reason looks at beside its parameter."""

    def __init__(
        self,
        evidence: Mapping[str, Evidence],
        fates: Sequence[Fate],
        steppers: Sequence[Stepper],
        ended: bool,
    ) -> None:
        self.evidence = evidence
        self.fates = fates
        self.steppers = steppers
        self.ended = ended


def _idle(
    evidence: Mapping[str, Evidence], steppers: Sequence[Stepper]
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield the optimizers that change nothing.

    Everything they hold is frozen, or got exactly zero in every call.
    """
    for each in steppers:
        held = [evidence[name] for name in each.held if name in evidence]
        if not held or not each.steps or each.strangers:
            continue
        words = {
            name: {one.verdict for one in evidence[name].verdicts}
            for name in (one.name for one in held)
        }
        if any(
            not word or word & {Verdict.REACHED, Verdict.CUT, Verdict.UNUSED}
            for word in words.values()
        ):
            continue
        zero = [one for one in held if Verdict.ZERO in words[one.name]]
        if not zero:
            if any(one.drift for one in held):
                continue  # something trained them all the same
            yield "frozen", _first_place(held), [one.name for one in held]
        elif min(len(one.verdicts) for one in zero) >= 2:
            yield "zero", _first_place(zero), [one.name for one in held]


def _exploding(evidence: Iterable[Evidence]) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield what one step threw far from where it was, by a gradient that is out
    of all proportion.
    """
    for each in evidence:
        for look in each.looks:
            size = look.gradient or 0.0
            far = (look.ratio or 0.0) > _FAR and (look.change is None or look.change > _LARGE)
            if look.finite and math.isfinite(size) and size > _HUGE and far:
                yield "exploding", look.place, [each.name]
                break


def _no_step(
    evidence: Iterable[Evidence], fates: Sequence[Fate]
) -> dict[tuple[str, Place | None], list[str]]:
    """Return what got gradient again and again where nothing was made that could step, and nothing
    moved.
    """
    if any(fate.trains for fate in fates):
        return {}
    reached = [
        each.name
        for each in evidence
        if sum(one.verdict is Verdict.REACHED for one in each.verdicts) >= _AGAIN
    ]
    return {("no_step", None): reached} if reached else {}


def _constant(
    terms: Sequence[ConstantTerm], steppers: Sequence[Stepper]
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield the constant terms that depend on what an optimizer holds."""
    held = {name for each in steppers for name in each.held}
    for term in terms:
        names = [name for name in term.parameters if name in held]
        if names:
            yield "constant_term", term.place, names


def _first_place(held: Sequence[Evidence]) -> Place | None:
    for one in held:
        for verdict in one.verdicts:
            place = verdict.frozen_at or (None if verdict.zero is None else verdict.zero.place)
            if place is not None:
                return place
    return None


_Meant = Callable[[Evidence, Sequence[Stepper], _Around], bool]


def _never(evidence: Evidence, holders: Sequence[Stepper], around: _Around) -> bool:
    return False


def _always(evidence: Evidence, holders: Sequence[Stepper], around: _Around) -> bool:
    return True


def _stepped(evidence: Evidence, holders: Sequence[Stepper], around: _Around) -> bool:
    """An optimizer holds it and steps."""
    return any(each.steps for each in holders)


def _held_to_the_end(evidence: Evidence, holders: Sequence[Stepper], around: _Around) -> bool:
    """An optimizer holds it, and steps or will never do so."""
    return any(each.steps for each in holders) or (bool(holders) and around.ended)


def _not_held(evidence: Evidence, holders: Sequence[Stepper], around: _Around) -> bool:
    """It came into a model after the optimizer of that model was made, an optimizer has an empty
    group, or nothing held trains.
    """
    if not any(each.steps for each in around.steppers):
        return False
    if any(each.empty for each in around.steppers):
        return True
    root = evidence.name.partition(".")[0]
    for each in around.steppers:
        related = any(name.partition(".")[0] == root for name in each.held)
        if (
            related
            and evidence.born is not None
            and each.born is not None
            and evidence.born > each.born
        ):
            return True
    return not any(fate.trains for fate in around.fates)


def _not_stepped(evidence: Evidence, holders: Sequence[Stepper], around: _Around) -> bool:
    return around.ended


def _too_small(evidence: Evidence, holders: Sequence[Stepper], around: _Around) -> bool:
    """A learning rate of zero in one group is a way to freeze; in every group it is not meant."""
    if any(look.lr for look in evidence.looks):
        return True
    return around.ended and not any(
        look.lr for each in around.evidence.values() for look in each.looks
    )


_MEANT: Mapping[str, _Meant] = {
    "frozen": _never,
    "cut": _held_to_the_end,
    "unused": _stepped,
    "zero": _never,
    "left_out": _stepped,
    "not_finite": _always,
    "cleared": _always,
    "clipped": _always,
    "stale": _always,
    "not_held": _not_held,
    "not_stepped": _not_stepped,
    "too_small": _too_small,
    "lost": _always,
}


def _vanishes(evidence: Mapping[str, Evidence], fate: Fate) -> bool:
    """Say whether its gradient is nothing beside the largest of all."""
    sizes = {
        name: max((abs(look.gradient) for look in each.looks if look.gradient), default=0.0)
        for name, each in evidence.items()
    }
    largest = max((size for size in sizes.values() if math.isfinite(size)), default=0.0)
    return 0.0 < sizes[fate.name] < _TINY * largest


def _alarm(
    why: str,
    place: Place | None,
    names: Sequence[str],
    evidence: Mapping[str, Evidence],
    steppers: Sequence[Stepper],
) -> Alarm:
    means, mend = explain(why, [evidence[name] for name in names], steppers)
    return Alarm(
        why="cut" if why == "underivable" else why,
        parameters=tuple(dict.fromkeys(names)),
        file=None if place is None else place.file,
        line=None if place is None else place.line,
        code=None if place is None else place.code,
        means=means,
        mend=mend,
    )
