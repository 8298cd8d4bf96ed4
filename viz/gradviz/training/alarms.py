"""What leads a report: what was meant to train and does not, or what the next step spoils.

Pure, without torch.

What is meant is no alarm: frozen and in no optimizer, a step that GradScaler skips while it
settles, what another loss trains.
"""

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial

from gradviz.facts.evidence import ConstantTerm, Evidence, Stepper
from gradviz.facts.training import (
    NEXT_TO_NOTHING,
    THRESHOLDS,
    Alarm,
    Fate,
    Thresholds,
    line_fields,
)
from gradviz.graph import Place, Verdict
from gradviz.training.at_rest import at_rest
from gradviz.training.cut_lines import cut_in_blocks
from gradviz.training.forgotten import is_forgotten
from gradviz.training.idle import dead, flat, idle, locked_at_zero
from gradviz.training.switched import switched_in_vain
from gradviz.training.touched import taken_beside_decay
from gradviz.training.words import explain, is_thawed

# An update of an element that is large whatever the parameter was: a gain or a bias may begin near
# zero
_LARGE = 1.0
_BY_ITSELF = ("weight decay", "no gradient")  # how an optimizer moves without gradient
_TOLD_AS: Mapping[str, str] = {"underivable": "cut", "flat": "zero"}  # with words of their own
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
    thresholds: Thresholds = THRESHOLDS,
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
        thresholds: From where on gradient vanishes or explodes.
    """
    alarms = _Collected()
    zeros = list(_at_zero(evidence, steppers, ended=ended))
    constant = list(_constant(terms, steppers, cut_in_blocks(evidence, fates)))
    for why, place, names in (
        *zeros,
        *(("underivable", term.place, term.parameters) for term in underivable),
        *constant,
        *switched_in_vain(evidence.values(), steppers),
        *(at_rest(steppers) if ended else ()),
        *_exploding(evidence.values(), thresholds),
        *_stopped_midway(evidence.values(), constant),
        *_taken_beside_decay(evidence, fates),
        *(_no_step(evidence.values(), fates) if ended and not inspects and not steppers else ()),
    ):
        alarms.add(why, place, names)
    scene = _Scene(
        evidence=evidence, fates=fates, steppers=steppers, inspects=inspects, ended=ended
    )
    explained = {name for _, _, names in zeros for name in names}
    explained |= scene.copied | _cut_by_terms(fates, constant)
    if underivable:  # an error before the step
        explained |= {fate.name for fate in fates if fate.why == "not_stepped"}
    for fate in fates:
        if fate.mover == "memory" and evidence[fate.name].is_always_reached:
            alarms.add("not_held", fate.moved_at, [fate.name])
        if fate.name not in explained and _is_alarm(fate, scene):
            vanishes = fate.why == "too_small" and _vanishes(evidence, fate, thresholds)
            alarms.add_fate(fate, "vanishing" if vanishes else fate.why or "")
    return tuple(
        _alarm(why, place, names, alarms.explained_with(why, names), evidence, steppers)
        for (why, place), names in alarms.names.items()
    )


def _at_zero(
    evidence: Mapping[str, Evidence], steppers: Sequence[Stepper], *, ended: bool
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield what gets zeros as a whole: optimizers first, then those models of which these do not
    tell.
    """
    passed: set[str] = set()
    finders = (partial(idle, ended=ended), locked_at_zero, dead, *((flat,) if ended else ()))
    for find in finders:
        others = [item for item in find(evidence, steppers) if passed.isdisjoint(item[2])]
        yield from others
        passed.update(name for _, _, names in others for name in names)


def _taken_beside_decay(
    evidence: Mapping[str, Evidence], fates: Iterable[Fate]
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield what an optimizer moves without gradient, since something took that away."""
    for fate in fates:
        if fate.mover in _BY_ITSELF and (taken := taken_beside_decay(evidence[fate.name])):
            yield (*taken, [fate.name])


class _Collected:
    """The names of parameters by reason and line."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, Place | None], list[str]] = {}

    def add(self, why: str, place: Place | None, names: Iterable[str]) -> None:
        self.names.setdefault((why, place), []).extend(names)

    def explained_with(self, why: str, names: Sequence[str]) -> Sequence[str]:
        """Return the parameters of which a reason is explained: what a whole optimizer gets of all
        of it, though its zeros begin at several lines.
        """
        if why != "zero":
            return names
        return [name for (other, _), some in self.names.items() if other == why for name in some]

    def add_fate(self, fate: Fate, why: str) -> None:
        place = None if fate.file is None else Place(fate.file, fate.line or 0, fate.code or "")
        if why == "stale":  # one replacement takes several lines
            earlier = (
                line
                for reason, line in self.names
                if reason == why and line and line.file == fate.file
            )
            place = next(earlier, place)
        if why == "too_small":
            place = fate.rate_at or place
        self.add(why, place, [fate.name])


def _cut_by_terms(
    fates: Iterable[Fate], constant: Iterable[tuple[str, Place | None, Sequence[str]]]
) -> set[str]:
    """Return what is cut off at a line of which an alarm says that it makes a term constant."""
    lines = {
        (place.file, place.line, name)
        for _, place, names in constant
        if place is not None
        for name in names
    }
    return {
        fate.name
        for fate in fates
        if fate.why == "cut" and (fate.file, fate.line, fate.name) in lines
    }


def _is_alarm(fate: Fate, scene: "_Scene") -> bool:
    """Say whether a parameter that does not train was meant to."""
    if fate.trains is not False or fate.why is None:
        return False
    holders = [stepper for stepper in scene.steppers if fate.name in stepper.held]
    return _MEANT[fate.why](scene.evidence[fate.name], holders, scene)


@dataclass(slots=True, eq=False, kw_only=True)
class _Scene:
    """What a reason looks at beside its parameter."""

    evidence: Mapping[str, Evidence]
    fates: Sequence[Fate]
    steppers: Sequence[Stepper]
    inspects: bool
    ended: bool
    # Cut, while a copy that no optimizer holds gets the gradient
    copied: Set[str] = field(init=False)

    def __post_init__(self) -> None:
        cut = {fate.name for fate in self.fates if fate.why == "cut"}
        self.copied = cut & {
            self.evidence[fate.name].copy_of for fate in self.fates if fate.why == "not_held"
        }


def _exploding(
    evidence: Iterable[Evidence], thresholds: Thresholds
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield what one step threw far from where it was, by a gradient that is out
    of all proportion.
    """
    for parameter in evidence:
        for look in parameter.looks:
            size = look.gradient or 0.0
            far = (look.ratio or 0.0) > thresholds.overshoot and (
                look.change is None or look.change > _LARGE
            )
            if look.finite and math.isfinite(size) and size > thresholds.exploding and far:
                yield "exploding", look.place, [parameter.name]
                break


def _stopped_midway(
    evidence: Iterable[Evidence], constant: Iterable[tuple[str, Place | None, list[str]]]
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield what steps have moved, and what is cut off from the loss since, to the end: not where
    the alarm of a ``constant`` term tells of it at the same line.
    """
    explained = {(str(place), name) for _, place, names in constant if place for name in names}
    for parameter in evidence:
        own = parameter.stopped
        if (
            own is not None
            and own.why == "cut"
            and (str(own.place), parameter.name) not in explained
        ):
            yield "stopped", own.place, [parameter.name]


def _no_step(
    evidence: Iterable[Evidence], fates: Sequence[Fate]
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield what got gradient again and again where nothing was made that could step, and nothing
    moved.
    """
    if any(fate.trains for fate in fates):
        return
    reached = [
        parameter
        for parameter in evidence
        if parameter.drift is False
        and sum(in_call.verdict is Verdict.REACHED for in_call in parameter.verdicts) >= _AGAIN
    ]
    if reached:
        yield "no_step", reached[0].discarded_at, [parameter.name for parameter in reached]


def _constant(
    terms: Sequence[ConstantTerm],
    steppers: Sequence[Stepper],
    explained: Container[tuple[str, str]],
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield the constant terms that depend on what an optimizer holds, and of which no fate tells
    by the block that makes them so.
    """
    held = {name for stepper in steppers for name in stepper.held}
    for term in terms:
        names = [
            name
            for name in term.parameters
            if name in held and (name, str(term.place)) not in explained
        ]
        if names:
            yield "constant_term", term.place, names


def _is_in_plain_list(name: str, holder: Stepper, every: Iterable[str]) -> bool:
    """Say whether a parameter is of a module in a plain list or dict of a module of which an
    optimizer holds what is registered; or of several in one, and it holds what a module around that
    has registered.

    ``model.heads[0].weight`` beside ``model.body.weight``.
    """
    outer, bracket, _ = name.partition("[")
    own = outer.rpartition(".")[0]
    elements = {other.partition("]")[0] for other in every if other.startswith(f"{outer}[")}
    module = own.partition(".")[0] if len(elements) > 1 else own
    return bool(bracket and module) and any(
        held.startswith(f"{module}.") and "[" not in held.removeprefix(f"{module}.")
        for held in holder.held
    )


_Meant = Callable[[Evidence, Sequence[Stepper], _Scene], bool]


def _never(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    return False


def _always(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    return True


def _stale(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    return not evidence.inherited


def _stepped(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    """Say whether an optimizer holds it and steps."""
    return any(holder.steps for holder in holders)


def _held_to_the_end(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    """Say whether an optimizer holds it, or what stood there before, and steps, or will never do so
    while no copy of it trains in its place.
    """
    if any(holder.steps for holder in holders):
        return True
    if evidence.replaced and not evidence.inherited:
        return any(own.steps and own.name == evidence.stale_in for own in scene.steppers)
    heir = "" if evidence.heir is None else evidence.heir.name
    is_replaced = any(fate.name == heir and fate.trains for fate in scene.fates)
    return bool(holders) and scene.ended and not is_replaced


def _not_held(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    """It came into a model after the optimizer of that model was made, or was thawed after that; it
    stands in a plain list of it; an optimizer has an empty group, or a generator that something
    else had read from, or holds another's parameters, or steps as many values that no loss uses; it
    is the last layer, and the rest is held, or the only one left of its module; it is a copy of
    what gets none; or nothing held trains.
    """
    if not any(stepper.steps for stepper in scene.steppers):
        return False
    return (
        is_thawed(evidence)
        or any(stepper.empty or stepper.begun or stepper.of_others for stepper in scene.steppers)
        or is_forgotten(evidence, scene.evidence.values(), scene.steppers)
        or evidence.copy_of in scene.copied
        or _is_stepped_aside(evidence.root, scene)
        or any(_is_missed_by(stepper, evidence, scene) for stepper in scene.steppers)
        or not any(fate.trains for fate in scene.fates)
    )


def _is_missed_by(stepper: Stepper, evidence: Evidence, scene: _Scene) -> bool:
    """Say whether an optimizer holds what stands beside it: it is in a plain list, or came into the
    model after the optimizer was made.
    """
    if not scene.inspects and _is_in_plain_list(evidence.name, stepper, scene.evidence):
        return True
    if evidence.born is None or stepper.born is None or evidence.born <= stepper.born:
        return False
    return stepper.holds_some_of(evidence.root)


def _is_stepped_aside(root: str, scene: _Scene) -> bool:
    """Say whether an optimizer steps as many values that no loss uses, by gradient that is handed
    to them, as a model has that nobody holds and that stay as they are.
    """
    left = sum(
        scene.evidence[fate.name].numel
        for fate in scene.fates
        if fate.why == "not_held" and fate.name.partition(".")[0] == root
    )
    return any(left and stepper.aside == left for stepper in scene.steppers)


def _not_stepped(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    return scene.ended


def _not_finite(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    """A weight that is not finite may still be put back as it was before the step."""
    return evidence.finite or evidence.stays_so or scene.ended


def _clipped(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    """A warm-up by hand may begin with a factor of zero."""
    return len(evidence.looks) > 1 or scene.ended


def _lost(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    """What undoes the first steps may be a search that takes back what was no better."""
    return not evidence.put_back or scene.ended


def _too_small(evidence: Evidence, holders: Sequence[Stepper], scene: _Scene) -> bool:
    """A learning rate of zero in one group is a way to freeze; in every group of an optimizer it is
    not meant.

    Where only rounding arrives, a higher rate would step at random. A gradient that is nothing
    beside that of its own module's other parameters is what rounding leaves of zero: of a bias
    whose effect a normalisation takes out.
    """
    if _is_rounding(evidence, scene):
        return False
    if any(look.lr for look in evidence.looks):
        return not evidence.rounding
    held = {name for holder in holders for name in holder.held} & scene.evidence.keys()
    return scene.ended and not any(look.lr for name in held for look in scene.evidence[name].looks)


def _is_rounding(evidence: Evidence, scene: _Scene) -> bool:
    module = evidence.name.rpartition(".")[0]
    siblings = [
        other
        for other in scene.evidence.values()
        if other is not evidence and other.name.rpartition(".")[0] == module
    ]
    largest = max(map(_largest_gradient, siblings), default=0.0)
    return 0.0 < _largest_gradient(evidence) < NEXT_TO_NOTHING * largest


def _largest_gradient(evidence: Evidence) -> float:
    sizes = [abs(look.gradient) for look in evidence.looks if look.gradient]
    return max((size for size in sizes if math.isfinite(size)), default=0.0)


_MEANT: Mapping[str, _Meant] = {
    "frozen": _never,
    "cut": _held_to_the_end,
    "unused": _stepped,
    "zero": _never,
    "left_out": _stepped,
    "not_finite": _not_finite,
    "cleared": _always,
    "clipped": _clipped,
    "stale": _stale,
    "not_held": _not_held,
    "not_stepped": _not_stepped,
    "too_small": _too_small,
    "lost": _lost,
}


def _vanishes(evidence: Mapping[str, Evidence], fate: Fate, thresholds: Thresholds) -> bool:
    """Say whether its gradient is nothing beside the largest of all."""
    largest = max(map(_largest_gradient, evidence.values()), default=0.0)
    return 0.0 < _largest_gradient(evidence[fate.name]) < thresholds.vanishing * largest


def _alarm(
    why: str,
    place: Place | None,
    names: Sequence[str],
    concerned: Sequence[str],
    evidence: Mapping[str, Evidence],
    steppers: Sequence[Stepper],
) -> Alarm:
    """Return an alarm about ``names``, explained of those that are ``concerned``."""
    means, mend = explain(why, [evidence[name] for name in concerned], steppers)
    return Alarm(
        why=_TOLD_AS.get(why, why),
        parameters=tuple(dict.fromkeys(names)),
        means=means,
        mend=mend,
        **line_fields(place),
    )
