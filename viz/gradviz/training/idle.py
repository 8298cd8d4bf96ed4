"""Which optimizers and models change nothing: everything is frozen, or gets zeros.

Pure, without torch.
"""

from collections.abc import Iterator, Mapping, Sequence

from gradviz.facts.evidence import Evidence, Stepper
from gradviz.graph import Place, Verdict
from gradviz.system.grouped import grouped

_AGAIN = 3  # calls that bring zeros: a batch or two may have nothing in it
_FACTOR = "zero_factor"  # the operation of a zero that a factor brings
_STILL = frozenset((Verdict.FROZEN, Verdict.ZERO))
_APART = frozenset((Verdict.CUT, Verdict.UNUSED))  # what another optimizer's call may bring
_ALL_ZERO = frozenset((Verdict.ZERO,))


def idle(
    evidence: Mapping[str, Evidence], steppers: Sequence[Stepper], *, ended: bool = False
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield the optimizers that change nothing.

    Everything they hold is frozen, or got exactly zero in every call. Where a run has ``ended`` of
    which one call was watched, that nothing moved in all of its steps says the same of the others.
    """
    for stepper in steppers:
        held = [evidence[name] for name in stepper.held if name in evidence]
        if not held or not stepper.steps or stepper.strangers or any(map(_may_train, held)):
            continue
        zero = [parameter for parameter in held if Verdict.ZERO in parameter.outcomes]
        if not zero:
            if not any(parameter.drift for parameter in held):  # else something trains them
                yield "frozen", _first_place(held), [parameter.name for parameter in held]
        elif all(map(_is_zero_again, zero)) or (ended and stepper.steps >= _AGAIN and _stay(held)):
            yield from _by_place(held)


def _may_train(evidence: Evidence) -> bool:
    """Say whether a parameter gets something else than zeros in some call or step, or no call tells
    of it.
    """
    is_told = bool(evidence.outcomes & _STILL) and evidence.outcomes <= _STILL | _APART
    return not is_told or _has_stepped_by_gradient(evidence)


def _has_stepped_by_gradient(evidence: Evidence) -> bool:
    return any(look.gradient for look in evidence.looks)


def _is_zero_again(evidence: Evidence) -> bool:
    return sum(own.verdict not in _APART for own in evidence.verdicts) > 1


def _stay(held: Sequence[Evidence]) -> bool:
    return all(parameter.drift is False for parameter in held)


def locked_at_zero(
    evidence: Mapping[str, Evidence], steppers: Sequence[Stepper]
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield the parameters of a model that are zero and get zeros, since each is multiplied by
    another of them.

    What comes into a layer is zero where its bias gets gradient and its weight, being zero, gets
    none. With another zero weight behind it, neither ever moves.
    """
    held = {name for stepper in steppers if stepper.steps for name in stepper.held}
    models = grouped(
        (parameter.root, parameter)
        for parameter in evidence.values()
        if parameter.name in held and parameter.all_zero and _gets_zeros(parameter)
    )
    for locked in models.values():
        weights = [parameter for parameter in locked if len(parameter.verdicts[0].shape) > 1]
        last = [weight for weight in weights if _has_reached_sibling(weight, evidence)]
        if last and len(weights) > len(last):
            yield "zero", _first_place(locked), [parameter.name for parameter in locked]


def dead(
    evidence: Mapping[str, Evidence], steppers: Sequence[Stepper]
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield the weights of a model of which none gets anything but zeros, and of which only biases
    and gains get gradient: what it computes does not depend on what goes in.
    """
    held = {name for stepper in steppers if stepper.steps for name in stepper.held}
    models = grouped(
        (parameter.root, parameter)
        for parameter in evidence.values()
        if parameter.outcomes - {Verdict.FROZEN}
    )
    for own in models.values():
        weights = [parameter for parameter in own if len(parameter.verdicts[0].shape) > 1]
        others = [parameter for parameter in own if parameter not in weights]
        is_dead = all(_gets_nothing(weight) and weight.name in held for weight in weights)
        if weights and is_dead and any(other.is_always_reached for other in others):
            gone = [parameter for parameter in own if _gets_nothing(parameter)]
            yield from _by_place(gone, [item for item in gone if not _has_zero_input(item)])


def flat(
    evidence: Mapping[str, Evidence], steppers: Sequence[Stepper]
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield what got zeros in every call that was watched, for a reason that was checked and lasts,
    and has not moved up to the end of the run.

    What only decay moves has, unless the reason holds whatever the numbers are.
    """
    holders = [stepper for stepper in steppers if stepper.steps >= _AGAIN]
    held = {name for stepper in holders for name in stepper.held}
    still = [own for own in evidence.values() if own.name in held and _is_flat(own)]
    places = grouped((_first_place([own]), own.name) for own in still)
    yield from (("flat", place, names) for place, names in places.items())


def _is_flat(evidence: Evidence) -> bool:
    zeros = [verdict.zero for verdict in evidence.verdicts]
    always = all(zero is not None and zero.lasting for zero in zeros)
    return (
        _gets_nothing(evidence)
        and all(zero is not None and zero.mend for zero in zeros)
        and (always or evidence.drift is False)
    )


def _gets_nothing(evidence: Evidence) -> bool:
    """Say whether every call, and every step that was looked at, brought a parameter zeros."""
    is_zero = len(evidence.verdicts) >= _AGAIN and evidence.outcomes == _ALL_ZERO
    return is_zero and not _has_stepped_by_gradient(evidence)


def _gets_zeros(evidence: Evidence) -> bool:
    """Say whether every call brought a parameter zeros, and nothing has moved it."""
    return _is_zero_again(evidence) and evidence.outcomes == _ALL_ZERO and not evidence.drift


def _has_reached_sibling(evidence: Evidence, everything: Mapping[str, Evidence]) -> bool:
    """Say whether another parameter of the same module got gradient in every call."""
    module = evidence.name.rpartition(".")[0]
    return any(
        sibling.name.rpartition(".")[0] == module and sibling.is_always_reached
        for sibling in everything.values()
    )


def _has_zero_input(evidence: Evidence) -> bool:
    """Say whether a parameter gets zeros for what it is multiplied by: the zeros begin earlier."""
    zeros = [verdict.zero for verdict in evidence.verdicts]
    return all(zero is not None and zero.operation == _FACTOR for zero in zeros)


def _by_place(
    held: Sequence[Evidence], leading: Sequence[Evidence] = ()
) -> Iterator[tuple[str, Place | None, list[str]]]:
    """Yield what gets zeros by the lines at which they begin.

    What has no line of its own goes with the first. Where some are ``leading``, the others follow
    from these, and go with the first of them.
    """
    first = _first_place(leading or held)
    own = [parameter for parameter in held if not leading or parameter in leading]
    names = grouped((_first_place([parameter]) or first, parameter.name) for parameter in own)
    names.setdefault(first, []).extend(item.name for item in held if item not in own)
    for place, some in names.items():
        yield "zero", place, some


def _first_place(held: Sequence[Evidence]) -> Place | None:
    for parameter in held:
        for verdict in parameter.verdicts:
            place = verdict.frozen_at or (None if verdict.zero is None else verdict.zero.place)
            if place is not None:
                return place
    return None
