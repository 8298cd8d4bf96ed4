"""What of a run is worth a clause in its last sentence, and is no reason for any parameter.

Pure, without torch.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from gradviz.facts.evidence import Evidence, Look, Stepper
from gradviz.facts.missed import Missed, Stopped
from gradviz.graph import Leaf, Place, Verdict
from gradviz.render.names import by_module
from gradviz.render.reason_words import called
from gradviz.render.sentences import agreeing, leaf_name, listing, path_and_line
from gradviz.system.grouped import grouped
from gradviz.training.words import last_steps

_AGAIN = 2  # calls that find a leaf: what goes into one may be an input


def find_remarks(
    evidence: Sequence[Evidence], steppers: Sequence[Stepper], trained: Collection[str]
) -> tuple[str, ...]:
    """Return all clauses on parameters and optimizers.

    Args:
        evidence: What was seen of each parameter.
        steppers: What was seen of each optimizer.
        trained: Names of the parameters that train.
    """
    has_stepped = any(stepper.steps or stepper.skipped for stepper in steppers)
    return (
        *of_left_behind(evidence),
        *of_frozen_on_the_move(evidence),
        *of_put_back(evidence),
        *of_shared(evidence, steppers),
        *of_rest(steppers, trained),
        *of_faded(steppers, trained),
        *of_undone(steppers, {own.name for own in evidence if own.put_back}),
        *(() if has_stepped else of_unfed(evidence, steppers)),
    )


def of_leaves(leaves: Iterable[Sequence[Leaf]]) -> tuple[str, ...]:
    """Return a clause for each parameter that is of no model and that no optimizer holds.

    Args:
        leaves: What each call reached beside parameters of models.
    """
    calls = Counter(leaf for own in leaves for leaf in dict.fromkeys(own) if leaf.is_parameter)
    return tuple(
        f"{leaf_name(leaf)} made with nn.Parameter{_at(leaf.place)} is in no model, and no"
        " optimizer holds it"
        for leaf, number in calls.items()
        if number >= _AGAIN and leaf.made is None
    )


def of_loss(
    losses: Sequence[tuple[bool, Place | None]], *, scaled: bool = False
) -> tuple[str, ...]:
    """Return a clause where no loss was finite, and where that was born.

    Args:
        losses: For each call whether its loss is finite, and where what is not was born.
        scaled: They are what a GradScaler has made of the script's.
    """
    if len(losses) < _AGAIN or any(is_finite for is_finite, _ in losses):
        return ()
    place = losses[0][1]
    born = (
        "" if place is None else f", and the first value that is not finite comes out{_at(place)}"
    )
    loss = "the loss, scaled by GradScaler," if scaled else "the loss"
    return (f"{loss} is NaN or infinite in every call that was watched{born}",)


def of_later(later: Mapping[str, bool], every: Iterable[str]) -> tuple[str, ...]:
    """Return clauses on parameters that have gradient and that no call that was watched has found.

    Args:
        later: By name, whether an optimizer holds them.
        every: The names of all others.
    """
    clauses = []
    for is_held, names in grouped((held, name) for name, held in later.items()).items():
        who = _few(names, [*every, *later])
        came = f"{who} came after the calls that were watched"
        them = agreeing(len(names), "it", "them")
        clauses.append(
            f"{came}: whether {agreeing(len(names), 'it trains', 'they train')} is not known"
            if is_held
            else f"{came}: gradient comes to {them}, and no optimizer holds {them}"
        )
    return tuple(clauses)


def of_last_step(steps: int) -> tuple[str, ...]:
    """Return a clause where backward ran on long after the last step of all, the one of that
    number; none where it is 0.
    """
    if not steps:
        return ()
    return (
        f"the last of all {steps} steps was made long before the end: backward() ran on"
        " without one",
    )


def of_unfed(evidence: Iterable[Evidence], steppers: Iterable[Stepper]) -> tuple[str, ...]:
    """Return a clause for each optimizer that has made no step, and no gradient came to what it
    holds.
    """
    fed = {
        parameter.name
        for parameter in evidence
        if parameter.outcomes & {Verdict.REACHED, Verdict.ZERO}
    }
    return tuple(
        f"no gradient came to anything that {stepper.name} holds"
        for stepper in steppers
        if stepper.held
        and not stepper.strangers
        and not stepper.steps
        and fed.isdisjoint(stepper.held)
    )


def of_shared(evidence: Iterable[Evidence], steppers: Sequence[Stepper]) -> tuple[str, ...]:
    """Return a clause for each two parameters in one memory that an optimizer steps by a gradient
    of each, in every step that was looked at.
    """
    stepped = {
        parameter.name: parameter
        for parameter in evidence
        if parameter.looks and all(look.gradient and look.moved for look in parameter.looks)
    }
    twice = {
        (stepper.name, frozenset((name, whole))): None
        for stepper in steppers
        for name in stepper.held
        if name in stepped
        for whole in stepped[name].lies_in
        if whole in stepped and whole in stepper.held
    }
    return tuple(
        f"{listing(sorted(both))} lie in the same memory, so each step of {optimizer} moves that"
        " by the gradient of both"
        for optimizer, both in twice
    )


def of_rest(steppers: Iterable[Stepper], trained: Collection[str]) -> tuple[str, ...]:
    """Return a clause for each optimizer that has moved parameters and steps with a learning rate
    of 0 to the end.

    Args:
        steppers: The optimizers.
        trained: Names of the parameters that train.
    """
    return tuple(
        f"from its step {last + 1} to its last, {stepper.steps}, {stepper.name} leaves"
        f" {_few(held, stepper.held)} unchanged: the learning rate is 0{_set_by(stepper)}"
        for stepper in steppers
        for last, held in stepper.rests
        if any(name in trained for name in held)
    )


def of_faded(steppers: Iterable[Stepper], trained: Collection[str]) -> tuple[str, ...]:
    """Return a clause for each optimizer that has moved parameters and whose learning rate has been
    next to nothing for half of its steps, to the end.

    Args:
        steppers: The optimizers.
        trained: Names of the parameters that train.
    """
    clauses: dict[str, None] = {}
    for stepper in steppers:
        for own in stepper.faded:
            made = "" if own.made is None else f"; {own.by}, made{_at(own.made)}, sets it"
            rates = f"{own.rate:.1g} at the end, after {own.largest:.2g}{made}"
            clause = (
                f"since step {own.since} the learning rate of {stepper.name} is next to nothing"
            )
            if any(name in trained for name in own.held):
                clauses[f"{clause} ({rates})"] = None
    return tuple(clauses)


def of_undone(steppers: Iterable[Stepper], put_back: Collection[str] = ()) -> tuple[str, ...]:
    """Return a clause for each optimizer whose steps something undoes before the next, to the end.

    Args:
        steppers: The optimizers.
        put_back: Names of the parameters of which it is said that every step is undone.
    """
    return tuple(
        f"from step {stepper.undone[0]} to its last, {stepper.steps}, each step of {stepper.name}"
        f" that was looked at is undone before the next, as {stepper.undone[1]} shows"
        for stepper in steppers
        if stepper.undone is not None and stepper.undone[1] not in put_back
    )


def _set_by(stepper: Stepper) -> str:
    by = [
        f"{kind}, made at {path_and_line(place)}" if kind else path_and_line(place)
        for kind, place in stepper.schedules
    ]
    return f" ({listing(by)} {agreeing(len(by), 'sets', 'set')} it)" if by else ""


def of_left_behind(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Return clauses on the parameters that most of an optimizer's last steps leave as they are."""
    every = [parameter.name for parameter in evidence]
    stopped = grouped(
        (own, parameter.name)
        for parameter in evidence
        if (own := parameter.stopped) is not None and own.why != "cut"
    )
    clauses = [_why_stopped(own, names, every) for own, names in stopped.items()]
    left = [own for own in evidence if own.missed is not None and own.stopped is None]
    frozen = grouped(
        ((parameter.frozen_at, parameter.missed), parameter.name)
        for parameter in left
        if parameter.missed is not None and parameter.missed.is_frozen
    )
    for (place, steps), names in frozen.items():
        are, them = ("is", "it") if len(names) == 1 else ("are", "them")
        line = "" if place is None else f" (see {path_and_line(place)})"
        if steps is not None and steps.as_of is not None:
            last, every_step = steps.as_of
            who = f"{_few(names, every)} {are} frozen"
            clauses.append(f"{who} at step {last:,} of {every_step:,}{line}")
            continue
        leave = f"{_steps_missed(steps)} {them} unchanged"
        clauses.append(f"{_few(names, every)} {are} frozen by the end{line}: {leave}")
    missed = {
        parameter.name: parameter.missed
        for parameter in left
        if parameter.missed is not None and not parameter.missed.is_frozen
    }
    if missed:
        most = max(missed.values())
        names = [name for name, own in missed.items() if own == most]
        clauses.append(f"{_steps_missed(most)} {_few(names, every)} unchanged")
    return tuple(clauses)


def _why_stopped(own: Stopped, names: Sequence[str], every: Sequence[str]) -> str:
    """Return a clause on parameters that get no gradient any more."""
    few, single = _few(names, every), len(names) == 1
    at = _at(own.place)
    call = called(None if own.place is None else own.place.code, own.why)
    does, why = {
        "unused": (
            "find zeros at" if own.has_zeros else "leave",
            f"no loss uses {'it' if single else 'them'} any more",
        ),
        "zero": ("find zeros at", f"what arrives is zero{f', and becomes so{at}' if at else ''}"),
        "cleared": (
            "find no gradient at",
            f"{call}{at} clears what arrives" if at else "something clears what arrives",
        ),
        "clipped": (
            "find no gradient at",
            f"{call}{at} leaves nothing of it" if at else "arithmetic leaves nothing of it",
        ),
        "unseen": (
            "find zeros at" if own.has_zeros else "find no gradient at",
            "why is not known, as they ran in a thread that is not traced",
        ),
    }[own.why]
    unchanged = " unchanged" if does == "leave" else ""
    return f"{last_steps(own)} of {own.optimizer} {does} {few}{unchanged}: {why}"


def _steps_missed(own: Missed) -> str:
    steps = f"the last {own.since} steps leave"
    return steps if own.missed == own.since else f"{own.missed} of {steps}"


def of_frozen_on_the_move(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Return clauses on parameters that trained, were frozen, and that steps move all the same."""
    every = [parameter.name for parameter in evidence]
    moving = grouped(
        (parameter.verdicts[-1].frozen_at, parameter.name)
        for parameter in evidence
        if parameter.verdicts
        and parameter.verdicts[-1].verdict is Verdict.FROZEN
        and _is_moved_on(parameter.looks)
    )
    clauses = []
    for place, names in moving.items():
        are, them = ("is", "it") if len(names) == 1 else ("are", "them")
        clauses.append(
            f"{_few(names, every)} {are} frozen{_at(place)}, and steps still move {them} without"
            " gradient, by moments, momentum or weight decay: set .grad to None, or take"
            f" {them} out of the optimizer"
        )
    return tuple(clauses)


def _is_moved_on(looks: Sequence[Look]) -> bool:
    """Say whether a step moved a parameter by gradient, and every later one without any."""
    fed = [number for number, look in enumerate(looks) if look.gradient and look.moved]
    later = looks[fed[-1] + 1 :] if fed else ()
    return bool(later) and all(look.moved for look in later)


def of_put_back(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Return a clause on the parameters that steps moved, and that end as they began."""
    names = [own.name for own in evidence if own.as_began and not own.put_back]
    if not names:
        return ()
    every = [parameter.name for parameter in evidence]
    holds = agreeing(len(names), "holds the value that it", "hold the values that they")
    return (f"at the end {_few(names, every)} {holds} began with",)


def _few(names: Sequence[str], every: Iterable[str]) -> str:
    """Return names in few words, of all there are."""
    every = list(every)
    roots = {name.partition(".")[0] for name in every}
    groups = by_module(names, every, roots if len(roots) > 1 else ())
    return listing(
        [own[0] if len(own) == 1 else f"{module}.* ({len(own)})" for module, own in groups.items()]
    )


def _at(place: Place | None) -> str:
    return "" if place is None else f" at {path_and_line(place)}"
