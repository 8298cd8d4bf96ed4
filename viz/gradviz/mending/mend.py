"""From a step to the patches that mend it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gradviz.graph import Verdict
from gradviz.mending.cost import PatchCost
from gradviz.mending.effect import Effect, is_there
from gradviz.mending.laboratory import Laboratory, Nursery, begun
from gradviz.mending.order import Order
from gradviz.mending.outcome import Failure, TrialOutcome, check
from gradviz.mending.patches import merged
from gradviz.mending.problems import Problem, best, problems
from gradviz.mending.purpose import is_meant, says_so
from gradviz.mending.search import Mend, Search
from gradviz.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A problem, and what was found for it. Read-only.

    Attributes:
        problem: What is wrong.
        mends: What helps, the best first.
        meant: It looks like a stop-gradient on purpose, and nothing was tried.
        by: The problem whose patch mends this one too; None where there is none.
        refused: A patch with which the step raises when it runs again, and what it raises; None
            where there is none.
    """

    problem: Problem
    mends: tuple[Mend, ...] = ()
    meant: bool = False
    by: Problem | None = None
    refused: tuple[Mend, Failure] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Patches that go together, made at once. Read-only.

    Attributes:
        mends: The patches.
        before: The bytes of its files before it: as they were read, or with the stages in front of
            it.
        after: Their bytes with it.
        effect: What all of it does to the step, measured.
        soft: It makes up gradients where there are none.
        cost: What it costs; None where that was not measured.
    """

    mends: tuple[Mend, ...]
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    effect: Effect
    soft: bool
    cost: PatchCost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """What was tried for one step. Read-only.

    Attributes:
        report: The report of the step as it is; its ``mends`` are the best patch of every problem,
            each measured by itself.
        tried: Each problem that was found.
        originals: The bytes of every file as it was read.
        stages: The best patches that go together; those that make up a gradient on top of the
            others.
        repeatable: Two runs of the step as it is agree to the bit.
        trials: How often the step was run.
        script: It was a script, and what it writes was written each time.
        backward: Of a script, the numbers of the calls that were looked at, as they were asked for.
    """

    report: Report
    tried: tuple[Tried, ...]
    originals: Mapping[str, bytes]
    stages: tuple[Stage, ...] = ()
    repeatable: bool = True
    trials: int = 0
    script: bool = False
    backward: str = ""


def mend(
    step: str,
    arguments: tuple[str, ...] = (),
    *,
    module: bool = False,
    backward: str = "",
    timeout: float = 60.0,
    meant: bool = False,
    cost: bool = True,
    nursery: Nursery | None = None,
) -> Mending:
    """Look for changes of the user's code that bring lost gradient back, and measure each by
    running the step with it. Return what was found.

    Args:
        step: ``package.module:function``, ``file.py:function``, or a script.
        arguments: What a script is called with.
        module: ``step`` is the name of a module that is run as a script, as by ``python -m``.
        backward: Of a script, the numbers of the backward calls to look at; unless given, up to the
            first step of every optimizer.
        timeout: Seconds that one run may take.
        meant: Also try what looks like a stop-gradient on purpose.
        cost: Measure what the best patch of each problem costs in time and memory.
        nursery: Where trials are born, if there is one already.

    Raises:
        GradvizError: The step as it is cannot be run.
    """
    order = Order(
        step=step, folder=os.getcwd(), arguments=arguments, module=module, backward=backward
    )
    with begun(nursery) as own, Laboratory(order, timeout, own) as laboratory:
        search = Search(laboratory)
        check(step, search.base)
        tried = _tried(search, meant=meant)
        firsts = tuple(attempt.mends[0] for attempt in tried if attempt.mends)
        stages = _stages(search, laboratory, firsts, cost=cost)
        return Mending(
            report=replace(search.base.report, mends=tuple(_with_costs(firsts, stages))),
            tried=tuple(tried),
            originals=search.originals,
            stages=stages,
            repeatable=search.repeatable,
            trials=laboratory.trials,
            script=order.is_script,
            backward=backward if order.is_script else "",
        )


def _tried(search: Search, *, meant: bool) -> list[Tried]:
    tried: list[Tried] = []
    every = {
        problem: meant or not _is_meant(search, problem) for problem in problems(search.base.report)
    }
    search.wanted = tuple(
        name for problem in every if every[problem] for name in problem.parameters
    )
    for problem, wanted in every.items():
        if not wanted:
            tried.append(Tried(problem=problem, meant=True))
            continue
        by = next(
            (
                earlier.problem
                for earlier in tried
                if earlier.mends and _is_mended(search, problem, earlier.mends[0])
            ),
            None,
        )
        mends = () if by is not None else tuple(search.mends(problem))
        # An input that requires grad is nothing to mend
        if mends or by is not None or problem.kind != "unregistered":
            refused = search.refused.get(problem)
            tried.append(Tried(problem=problem, mends=mends, by=by, refused=refused))
    return tried


def _is_mended(search: Search, problem: Problem, mend: Mend) -> bool:
    """Say whether the patch of another problem mends this one too."""
    if problem.kind == "unregistered":  # what it lacks is a name
        outcome = search.outcome(mend)
        return outcome.failure is None and not is_there(problem, outcome)
    if set(problem.parameters) <= set(mend.effect.gained):
        return True
    # A stop-gradient on one route of several is left as it is
    lost = set(problem.parameters) - _reached(search.base)
    return bool(lost) and says_so(problem) and lost <= set(mend.effect.gained)


def _is_meant(search: Search, problem: Problem) -> bool:
    sources = {
        place.file: source
        for place in problem.places
        if (source := search.source(place.file)) is not None
    }
    return is_meant(problem, best(search.base.report), sources)


def _stages(
    search: Search, laboratory: Laboratory, firsts: tuple[Mend, ...], *, cost: bool
) -> tuple[Stage, ...]:
    """Return what goes together: first what makes nothing up, then, on top, what does."""
    stages: list[Stage] = []
    outcome, sources = search.base, dict[str, bytes]()
    for soft in (False, True):
        mends: list[Mend] = []
        whole, after = sources, outcome
        for first in firsts:
            if first.soft is soft:
                both = merged(search.originals, [whole, first.sources])
                ran = None if both is None else laboratory.run(both)
                if (
                    both is not None
                    and ran is not None
                    and _adds(search, after, ran, first)
                    and search.later_failure(both) is None
                ):
                    mends, whole, after = [*mends, first], both, ran
        effect = search.effect(outcome, after, _union(mends), soft=soft) if mends else None
        if effect is not None:
            before = {file: sources.get(file, search.originals[file]) for file in whole}
            changed = {file: data for file, data in whole.items() if data != before[file]}
            spent = search.cost(sources, whole) if cost else None
            stages.append(
                Stage(
                    mends=tuple(mends),
                    before=before,
                    after=changed,
                    effect=effect,
                    soft=soft,
                    cost=spent,
                )
            )
            outcome, sources = after, whole
    return tuple(stages)


def _with_costs(firsts: tuple[Mend, ...], stages: tuple[Stage, ...]) -> Iterator[Mend]:
    """Yield patches, each with what it costs.

    What goes together was measured together, and is said so.
    """
    costs = {
        id(mend): f"Cost{_of(stage)}: {stage.cost.sentence}."
        for stage in stages
        if stage.cost is not None
        for mend in stage.mends
    }
    return (replace(mend, cost=costs.get(id(mend), "")) for mend in firsts)


def _of(stage: Stage) -> str:
    count = len(stage.mends)
    return "" if count == 1 else f" of the {count} patches together"


def _adds(search: Search, before: TrialOutcome, after: TrialOutcome, mend: Mend) -> bool:
    """Say whether a patch does on top of others what it does alone."""
    effect = search.effect(before, after, mend.problem, soft=mend.soft)
    return effect is not None and set(mend.effect.gained) <= {*effect.gained, *_reached(before)}


def _reached(outcome: TrialOutcome) -> set[str]:
    return {
        name
        for name, parameter in best(outcome.report).items()
        if parameter.verdict is Verdict.REACHED
    }


def _union(mends: list[Mend]) -> Problem:
    """Return one problem for several, with the parameters of all."""
    names = tuple(dict.fromkeys(name for mend in mends for name in mend.problem.parameters))
    kinds = {mend.problem.kind for mend in mends}
    kind = next(
        (
            kind
            for kind in ("cleared", "stale", "not_held", "unregistered", "not_finite", "data")
            if kind in kinds
        ),
        mends[0].problem.kind,
    )
    feeds = frozenset().union(*(mend.problem.feeds for mend in mends))
    return replace(mends[0].problem, parameters=names, kind=kind, feeds=feeds)
