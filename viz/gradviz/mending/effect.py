"""What a patch does, measured: a step with it is held against the step without it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from gradviz.graph import Parameter, Verdict
from gradviz.mending.outcome import TrialOutcome
from gradviz.mending.problems import Problem, best, problems, severed


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The difference that a patch makes to one step. Read-only.

    Attributes:
        reached: Parameters that no gradient reached, and that it reaches now.
        mended: Parameters that were reached, and of which a severed route is whole now.
        finite: Parameters whose gradient was NaN or infinite, and is not any more.
        held: Parameters that an optimizer holds now, or that train now, and did not.
        trained: Of those that are reached or mended, the ones that a step moved.
        changed: Other parameters whose gradient is not the same to the bit.
        gone: Names that are those of no parameter any more.
        came: Names of parameters that were none before.
        left: Parameters that were reached and are not used any more, where the step wrote over
            their values.
        same_loss: The loss is the same to the bit.
        loss: The loss before and after, as a person reads it.
        repeatable: Two runs of the unchanged step agree to the bit; else ``changed`` and
            ``same_loss`` say nothing.
    """

    reached: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    finite: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    trained: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    came: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    same_loss: bool = False
    loss: tuple[str, str] = ("", "")
    repeatable: bool = True

    @property
    def gained(self) -> tuple[str, ...]:
        """All that are better off."""
        return tuple(
            dict.fromkeys((*self.reached, *self.mended, *self.finite, *self.held, *self.came))
        )


def effect_of(
    before: TrialOutcome,
    after: TrialOutcome,
    problem: Problem,
    *,
    repeatable: bool,
    soft: bool = False,
    wanted: Collection[str] = (),
) -> Effect | None:
    """Return what a patch does for a problem; None where it does nothing for it, or harms.

    Args:
        before, after: The step without the patch and with it.
        problem: What the patch is for.
        repeatable: Two runs of the unchanged step agree to the bit.
        soft: The patch makes up a gradient where there is none.
        wanted: Parameters of other problems, which are better off too where gradient comes back.
    """
    if not _has_run_well(after):
        return None
    old, new = best(before.report), best(after.report)
    had, has = _reached(old), _reached(new)
    left = sorted((had - has).intersection(new))
    if not _are_written_over(left, new, problem):
        return None
    names = dict.fromkeys((*problem.parameters, *wanted))
    better = [name for name in names if name in old and name in has]
    reached = [name for name in better if name not in had]
    mended = [
        name
        for name in better
        if _has_lost_a_cut(old[name], new[name], soft=soft)
        and (not repeatable or _moved(before, after, name))
    ]
    spoilt = problem.parameters if problem.kind == "not_finite" else ()
    finite = tuple(name for name in spoilt if name in new)
    held = _held(before, after, problem)
    came = _missing(new, old)
    fed = {*reached, *mended}
    is_listed = bool(came) and problem.kind == "unregistered" and not is_there(problem, after)
    if fed.isdisjoint(problem.parameters) and not (finite or held or is_listed):
        return None
    gained = {*fed, *finite, *held, *came}
    return Effect(
        reached=tuple(reached),
        mended=tuple(mended),
        finite=finite,
        held=tuple(held),
        trained=tuple(filter(fed.__contains__, _trained(after))),
        changed=tuple(_changed(before, after, gained | {*problem.parameters, *left})),
        gone=_missing(old, new),
        came=came,
        left=tuple(left),
        same_loss=[call.loss for call in before.calls] == [call.loss for call in after.calls],
        loss=(_first_loss(before), _first_loss(after)),
        repeatable=repeatable,
    )


def _has_run_well(outcome: TrialOutcome) -> bool:
    """Say whether a step ran to its end and brought gradient that is finite throughout."""
    if outcome.failure is not None or not outcome.calls:
        return False
    return all(call.finite for call in outcome.calls)


def _missing(names: Iterable[str], among: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in among)


def _first_loss(outcome: TrialOutcome) -> str:
    return outcome.calls[0].value if outcome.calls else ""


def is_there(problem: Problem, outcome: TrialOutcome) -> bool:
    """Say whether a step has the same problem at the same code, wherever its line is now."""
    return any(
        (other.kind, other.operation) == (problem.kind, problem.operation)
        and [place.code for place in other.places] == [place.code for place in problem.places]
        for other in problems(outcome.report)
    )


def _reached(parameters: Mapping[str, Parameter]) -> set[str]:
    return {name for name, item in parameters.items() if item.verdict is Verdict.REACHED}


def _are_written_over(names: Iterable[str], new: Mapping[str, Parameter], problem: Problem) -> bool:
    """Say whether parameters are used no more because a problem wrote a value into each that is
    used itself now.
    """
    writes = problem.kind in ("data", "copy_under_no_grad")
    return all(
        writes and name in problem.feeds and new[name].verdict is Verdict.UNUSED for name in names
    )


def _has_lost_a_cut(old: Parameter, new: Parameter, *, soft: bool) -> bool:
    """Say whether some of the routes of a parameter that is reached were severed and are not."""
    if old.verdict is not Verdict.REACHED or not severed(old):
        return False
    # What is soft leaves the hard choice; a route may go on to a cut that was not come to before
    still = {(cut.kind, cut.code) for cut in new.cuts}
    return soft or any((cut.kind, cut.code) not in still for cut in old.cuts)


def _moved(before: TrialOutcome, after: TrialOutcome, name: str) -> bool:
    return any(
        old.gradients.get(name) != new.gradients.get(name)
        for old, new in zip(before.calls, after.calls, strict=False)
    )


def _changed(before: TrialOutcome, after: TrialOutcome, meant: set[str]) -> Iterable[str]:
    names: dict[str, None] = {}
    for old, new in zip(before.calls, after.calls, strict=False):
        for name, digest in old.gradients.items():
            if name in new.gradients and name not in meant and new.gradients[name] != digest:
                names[name] = None
    return names


def _held(before: TrialOutcome, after: TrialOutcome, problem: Problem) -> list[str]:
    """Return the parameters that train now and did not, or that an optimizer holds now, as far as
    that was the problem.
    """
    if problem.kind not in ("not_held", "stale", "cleared"):
        return []
    had = _trained(before)
    return [name for name in _trained(after) if name not in had]


def _trained(outcome: TrialOutcome) -> dict[str, None]:
    """Return the parameters that a step moved, as far as that was watched, in their order."""
    training = outcome.report.training
    fates = () if training is None else training.parameters
    return dict.fromkeys(fate.name for fate in fates if fate.trains is True)
