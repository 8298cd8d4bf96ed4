"""From what was seen of parameters and optimizers to whether each parameter trains, and why not.

Pure, without torch.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from gradviz.causes import has_raised
from gradviz.facts.evidence import ConstantTerm, Evidence, Look, Stepper
from gradviz.facts.training import (
    THRESHOLDS,
    Fate,
    OptimizerSteps,
    Thresholds,
    Training,
    line_fields,
)
from gradviz.graph import Parameter, Place, UnusedReason, Verdict
from gradviz.training.alarms import find_alarms
from gradviz.training.cut_lines import named_by_terms
from gradviz.training.lodged import lodged
from gradviz.training.noise import moved_by_rounding
from gradviz.training.remarks import find_remarks
from gradviz.training.spoilt import written_at
from gradviz.training.touched import shrunk_by, taken_by
from gradviz.training.words import is_copy_of_held

_BEST_FIRST = (Verdict.ZERO, Verdict.CUT, Verdict.FROZEN, Verdict.UNUSED)
_SENT = frozenset((Verdict.REACHED, Verdict.ZERO, Verdict.CUT))
_NO_LOOK = Look(optimizer="")


class _Judgement(NamedTuple):
    """Whether a parameter trains, why not, and the line."""

    trains: bool | None
    why: str | None = None
    place: Place | None = None


_OPEN = _Judgement(None)


def judge(
    evidence: Sequence[Evidence],
    steppers: Sequence[Stepper],
    backwards: int,
    *,
    terms: Sequence[ConstantTerm] = (),
    underivable: Sequence[ConstantTerm] = (),
    remarks: Sequence[str] = (),
    inspects: bool = False,
    ended: bool = False,
    thresholds: Thresholds = THRESHOLDS,
) -> Training:
    """Say of every parameter whether it trains.

    Args:
        evidence: What was seen of each.
        steppers: What was seen of each optimizer.
        backwards: How many backward calls were reported on.
        terms: The constant terms of their losses.
        underivable: Operations without a derivative that gradient was to pass.
        remarks: Clauses of the last sentence that are already there.
        inspects: Some call is perhaps not meant to train.
        ended: Nothing more is to come, so that what has not been never will.
        thresholds: From where on gradient vanishes or explodes.
    """
    holders = _holders(steppers)
    fates = tuple(
        _fate(parameter, holders.get(parameter.name, ()), steppers, ended=ended)
        for parameter in evidence
    )
    fates = _lost_together(lodged(fates, evidence), steppers)
    fates = named_by_terms(moved_by_rounding(fates, evidence), evidence, terms)
    trained = [fate.name for fate in fates if fate.trains]
    return Training(
        backwards=backwards,
        steps=sum(stepper.steps for stepper in steppers),
        parameters=fates,
        optimizers=tuple(
            OptimizerSteps(
                name=stepper.name,
                kind=stepper.kind,
                steps=stepper.steps,
                skipped=stepper.skipped,
                held=len(stepper.held) + stepper.strangers,
            )
            for stepper in steppers
        ),
        alarms=find_alarms(
            {parameter.name: parameter for parameter in evidence},
            fates,
            steppers,
            terms,
            underivable,
            inspects=inspects,
            ended=ended,
            thresholds=thresholds,
        ),
        remarks=(*remarks, *find_remarks(evidence, steppers, trained)),
    )


def _lost_together(fates: tuple[Fate, ...], steppers: Sequence[Stepper]) -> tuple[Fate, ...]:
    """Return the fates, with all that an optimizer steps for lost where it moves nothing and the
    update of one is: how large the others' are, nobody can say then.
    """
    lost: set[str] = set()
    for stepper in steppers:
        own = [fate for fate in fates if fate.name in stepper.held]
        if any(fate.why == "lost" for fate in own) and not any(fate.trains for fate in own):
            lost.update(fate.name for fate in own if fate.why == "too_small" and fate.learning_rate)
    return tuple(replace(fate, why="lost") if fate.name in lost else fate for fate in fates)


def _holders(steppers: Sequence[Stepper]) -> Mapping[str, tuple[Stepper, ...]]:
    holders: dict[str, tuple[Stepper, ...]] = {}
    for stepper in steppers:
        for name in stepper.held:
            holders[name] = (*holders.get(name, ()), stepper)
    return holders


def _fate(
    evidence: Evidence, holders: Sequence[Stepper], steppers: Sequence[Stepper], *, ended: bool
) -> Fate:
    looks = [look for look in evidence.looks if look.compared]
    moved = any(look.moved for look in looks) or (
        bool(evidence.drift) and not _is_moved_beside_steps(evidence, looks)
    )
    trains, why, place = _judged(evidence, looks, holders, steppers, moved=moved, ended=ended)
    last = looks[-1] if looks else _NO_LOOK
    mover = _mover(evidence, holders) if trains else None
    return Fate(
        name=evidence.name,
        trains=trains,
        why=why,
        moved=last.moved if looks else None,
        compared=last.compared,
        numel=evidence.numel,
        gradient_norm=_norm(evidence, last),
        update_ratio=last.ratio,
        optimizer=", ".join(dict.fromkeys(holder.name for holder in holders)) or None,
        learning_rate=max((look.lr for look in looks if look.lr is not None), default=None),
        mover=mover,
        moved_at=evidence.written_at if mover in ("hand", "hand, no gradient") else None,
        born=_is_born(evidence),
        late=evidence.is_late,
        copying=_copying(why, evidence, steppers),
        away=trains is None and evidence.is_elsewhere,
        stopped=_is_stopped(evidence) if trains else why == "stale" and evidence.outlived,
        **line_fields(place),
        **_OF_REASON.get(why or "", _nothing_more)(evidence),
    )


def _is_stopped(evidence: Evidence) -> bool:
    own, missed = evidence.stopped, evidence.missed
    return (own is not None and own.as_of is None) or (
        missed is not None and missed.is_frozen and missed.as_of is None
    )


def _nothing_more(evidence: Evidence) -> dict[str, Any]:
    return {}


# What a reason says beside its line
_OF_REASON: Mapping[str, Callable[[Evidence], dict[str, Any]]] = {
    "lost": lambda evidence: {"put_back": evidence.is_undone},
    "cleared": lambda evidence: {"unfed": evidence.is_unfed},
    "cut": lambda evidence: {"heir": evidence.heir},
    "zero": lambda evidence: {"passing": _is_passing(evidence)},
    "too_small": lambda evidence: {"rate_at": evidence.rate_at, "rounding": evidence.rounding},
}


def _is_passing(evidence: Evidence) -> bool:
    """Say whether zeros come of factors that are still zero and get gradient themselves, and no
    call after a step has shown whether they pass.
    """
    zeros = [own.zero for own in evidence.verdicts if own.verdict is Verdict.ZERO]
    again = len(evidence.verdicts) > 1 and len(evidence.looks) != 1
    return not again and bool(zeros) and all(zero and zero.passing for zero in zeros)


def _is_moved_beside_steps(evidence: Evidence, looks: Sequence[Look]) -> bool:
    """Say whether steps left a parameter as it was, for want of a gradient: what has changed it is
    a line that writes into it, or what replaced it stands there.
    """
    if evidence.left:
        return not any(look.moved for look in looks) and evidence.by_hand
    if not looks or any(look.gradient for look in looks):
        return False
    # What a call that was watched does not use, or finds frozen, may train in one that was not
    return evidence.outcomes <= _SENT and not evidence.thawed


def _norm(evidence: Evidence, last: Look) -> float | None:
    """Return the norm of the gradient at the last step, or else as it arrived last."""
    norms = (*(in_call.gradient_norm for in_call in evidence.verdicts), last.norm)
    return next((norm for norm in reversed(norms) if norm is not None), None)


def _mover(evidence: Evidence, holders: Sequence[Stepper]) -> str | None:
    """Return what moved a parameter: one of :data:`gradviz.facts.training.MOVERS`.

    None where something wrote into it, and its optimizer stepped unseen.
    """
    stepped = [look for look in evidence.looks if look.moved]
    if stepped:
        if any(look.gradient for look in stepped):
            return "gradient"
        return "weight decay" if all(look.decays for look in stepped) else "no gradient"
    is_frozen = evidence.outcomes == {Verdict.FROZEN} and not evidence.thawed
    if not (evidence.by_hand or is_frozen):
        return "gradient"
    if not evidence.looks and any(holder.steps for holder in holders):
        return None
    is_fed = evidence.is_reached or any(map(_is_unclear, evidence.verdicts))
    return "hand" if is_fed else "hand, no gradient"


def _judged(
    evidence: Evidence,
    looks: Sequence[Look],
    holders: Sequence[Stepper],
    steppers: Sequence[Stepper],
    *,
    moved: bool,
    ended: bool,
) -> _Judgement:
    spoilt = _is_spoilt(evidence, looks, moved=moved)
    if evidence.put_back and not spoilt:
        return _Judgement(False, "lost", evidence.written_at)
    if moved and not spoilt:
        return _Judgement(True)
    has_stepped = any(stepper.steps for stepper in steppers)
    if not (ended or looks or evidence.drift is not None or has_stepped):
        return _OPEN
    if not _is_reached(evidence, looks) and not (spoilt and looks):
        return _not_reached(evidence, holders, steppers, ended=ended)
    if evidence.left_out is not None:
        return _Judgement(False, "left_out", evidence.left_out)
    if spoilt:
        return _Judgement(False, "not_finite", _birthplace(evidence))
    if looks and all(not look.gradient for look in looks):
        return _Judgement(False, *_taken_away(evidence, looks))
    if not holders:
        return _not_held(evidence, steppers, ended=ended)
    if looks:
        return _Judgement(False, *(shrunk_by(evidence, looks) or _too_small_or_lost(looks)))
    return _never_stepped(holders, steppers, ended=ended)


def _is_reached(evidence: Evidence, looks: Sequence[Look]) -> bool:
    """Say whether gradient arrives: a call that was watched brings it, or one that was not, as each
    step finds it.
    """
    return evidence.is_reached or (bool(looks) and all(look.gradient for look in looks))


def _is_spoilt(evidence: Evidence, looks: Sequence[Look], *, moved: bool) -> bool:
    """Say whether it is not finite, or stays as it is because its gradient is not."""
    # A gradient that is not finite spoils nothing where the step leaves it out
    return not evidence.finite or (
        not moved
        and any(look.gradient is not None and not math.isfinite(look.gradient) for look in looks)
    )


def _not_reached(
    evidence: Evidence, holders: Sequence[Stepper], steppers: Sequence[Stepper], *, ended: bool
) -> _Judgement:
    if evidence.left:
        return _Judgement(False, "stale", evidence.replaced_at)
    cuts = (cut for in_call in evidence.verdicts for cut in in_call.cuts)
    if not ended and any(map(has_raised, cuts)):
        return _OPEN  # that call was to bring it gradient
    # Another optimizer's call may sever it on purpose
    why, place = _unreached((*evidence.stepped, *evidence.verdicts))
    if why == "unused" and any(map(_is_unclear, evidence.verdicts)):
        return _Judgement(False)  # it did not move; whether its value went in cannot be seen
    if why == "frozen" and evidence.thawed:  # of the steps since, nothing was watched
        if holders:
            return _Judgement(False, None, place)
        return _not_held(evidence, steppers, ended=ended)
    if why == "frozen":
        place = place or evidence.frozen_at
    return _OPEN if why is None else _Judgement(False, why, place)


def _is_unclear(in_call: Parameter) -> bool:
    """Say whether a call leaves it open whether a value went into its loss: something was not
    traced.
    """
    why = in_call.unused
    return in_call.uncertain or (why is not None and why.reason is UnusedReason.UNKNOWN)


def _never_stepped(
    holders: Sequence[Stepper], steppers: Sequence[Stepper], *, ended: bool
) -> _Judgement:
    # Where it stepped, what it did to this one was not seen
    waits = not ended and not all(holder.skipped for holder in holders)
    if waits or any(holder.steps for holder in holders):
        return _OPEN
    return _Judgement(False, "not_stepped", _line_of_copies(steppers) or holders[0].made)


def _line_of_copies(steppers: Sequence[Stepper]) -> Place | None:
    """Return the line that made what an optimizer steps in place of what losses use."""
    return next((own.copied_at for own in steppers if own.steps and own.copied_at), None)


def _copying(why: str | None, evidence: Evidence, steppers: Sequence[Stepper]) -> str:
    if why == "not_held" and evidence.copied_at is not None and not evidence.replaced:
        return "from" if is_copy_of_held(evidence, steppers) else ""
    return "to" if why == "not_stepped" and _line_of_copies(steppers) is not None else ""


def _taken_away(evidence: Evidence, looks: Sequence[Look]) -> tuple[str, Place | None]:
    """Return why gradient that arrived was none at every step, and the line."""
    taken = taken_by(evidence, looks)
    if taken is not None:
        return taken
    # What several calls brought cancels out, or the last call's own gradient is zero
    why, place = _unreached(evidence.stepped)
    return "zero", place if why == "zero" else None


def _is_born(evidence: Evidence) -> bool:
    birth = evidence.birth
    is_stepped = evidence.overflow is not None or evidence.thrown is not None
    return birth is not None and not (birth.holder or birth.unsure or is_stepped)


def _birthplace(evidence: Evidence) -> Place | None:
    written = written_at(evidence)
    if written is not None:
        return written
    if evidence.overflow is not None:
        return evidence.overflow.place
    if evidence.thrown is not None and evidence.thrown.place is not None:
        return evidence.thrown.place
    birth = evidence.birth
    if birth is None or birth.unsure == "before":
        return None
    return birth.written or birth.caller or birth.place


def _unreached(verdicts: Sequence[Parameter]) -> tuple[str | None, Place | None]:
    """Return the reason of the call in which it came furthest, the first of such."""
    for verdict in _BEST_FIRST:
        for in_call in verdicts:
            if in_call.verdict is verdict:
                return verdict.value, _line_of(in_call)
    return None, None


def _line_of(parameter: Parameter) -> Place | None:
    if parameter.verdict is Verdict.CUT and parameter.cuts:
        cut = parameter.cuts[0]
        return Place(cut.file, cut.line, cut.code) if cut.file else None
    if parameter.verdict is Verdict.ZERO and parameter.zero is not None:
        return parameter.zero.place
    return parameter.frozen_at if parameter.verdict is Verdict.FROZEN else None


def _not_held(evidence: Evidence, steppers: Sequence[Stepper], *, ended: bool) -> _Judgement:
    if evidence.replaced:
        return _Judgement(False, "stale", _line_of_stale(evidence, steppers))
    if not steppers:  # trained by hand, or not at all
        unmoved = ended and evidence.drift is False and len(evidence.verdicts) > 1
        return _Judgement(False, "not_held") if unmoved else _OPEN
    if evidence.drift is None and not ended and not any(stepper.steps for stepper in steppers):
        return _OPEN
    if evidence.copied_at is not None and is_copy_of_held(evidence, steppers):
        return _Judgement(False, "not_held", evidence.copied_at)
    return _Judgement(False, "not_held", _line_of_forgetful(evidence, steppers))


def _line_of_stale(evidence: Evidence, steppers: Sequence[Stepper]) -> Place | None:
    """Return the line that put a parameter where an optimizer's had stood, or else made that."""
    # Once it has moved what stood there, the line that made it is innocent
    if evidence.replaced_at is not None or evidence.outlived:
        return evidence.replaced_at
    return next((stepper.made for stepper in steppers if stepper.name == evidence.stale_in), None)


def _line_of_forgetful(evidence: Evidence, steppers: Sequence[Stepper]) -> Place | None:
    """Return the line that made the optimizer which most likely was to hold a parameter: one that
    holds others' by mistake, or some of its model, or else any.
    """
    astray = [stepper for stepper in steppers if stepper.of_others]
    related = [stepper for stepper in steppers if stepper.holds_some_of(evidence.root)]
    made = (stepper.made for stepper in astray or related or steppers)
    return next((place for place in made if place is not None), None)


def _too_small_or_lost(looks: Sequence[Look]) -> tuple[str, Place | None]:
    fed = [look for look in looks if look.gradient] or list(looks)
    last = fed[-1]
    lost = all(look.lr and look.holds is not None and look.holds > 0.5 for look in fed)
    wrote = [look.wrote for look in fed if look.wrote is not None]
    return ("lost", wrote[-1] if wrote else last.place) if lost else ("too_small", last.place)
