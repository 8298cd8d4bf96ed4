"""From a step to the patches that mend it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gradviz.errors import GradvizError
from gradviz.mending.effect import Effect, effect_of
from gradviz.mending.laboratory import Laboratory, Nursery
from gradviz.mending.order import Order
from gradviz.mending.outcome import Outcome
from gradviz.mending.problems import Problem, best, problems
from gradviz.mending.purpose import is_meant
from gradviz.mending.search import Mend, Search
from gradviz.mending.together import merged
from gradviz.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A problem, and what was found for it. Read-only.

    Attributes:
        problem: What is wrong.
        mends: What helps, the best first.
        meant: It looks like a stop-gradient on purpose, and nothing was tried.
        by: The problem whose patch mends this one too; None where there is none.
    """

    problem: Problem
    mends: tuple[Mend, ...] = ()
    meant: bool = False
    by: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """What was tried for one step. Read-only.

    Attributes:
        report: The report of the step as it is.
        tried: Each problem that was found.
        originals: The bytes of every file as it was read.
        together: The files with the first patch of every problem; None where there are not several that go together.
        effect: What all of them together do.
        repeatable: Two runs of the step as it is agree to the bit.
        trials: How often the step was run.
        script: It was a script, and what it writes was written each time.
    """

    report: Report
    tried: tuple[Tried, ...]
    originals: Mapping[str, bytes]
    together: Mapping[str, bytes] | None = None
    effect: Effect | None = None
    repeatable: bool = True
    trials: int = 0
    script: bool = False

    @property
    def mends(self) -> tuple[Mend, ...]:
        """The first patch of every problem."""
        return tuple(each.mends[0] for each in self.tried if each.mends)


def mend(
    step: str,
    arguments: tuple[str, ...] = (),
    *,
    backward: str = "",
    timeout: float = 60.0,
    meant: bool = False,
    nursery: Nursery | None = None,
) -> Mending:
    """Look for changes of the user's code that bring lost gradient back, and measure each by running the step with it.

    Args:
        step: ``package.module:function``, ``file.py:function``, or a script.
        arguments: What a script is called with.
        backward: Of a script, the numbers of the backward calls to look at; unless given, up to the first step of every optimizer.
        timeout: Seconds that one run may take.
        meant: Also try what looks like a stop-gradient on purpose.
        nursery: Where trials are born, if there is one already.

    Raises:
        GradvizError: The step as it is cannot be run.
    """
    if nursery is None:
        with Nursery() as own:
            return mend(step, arguments, backward=backward, timeout=timeout, meant=meant, nursery=own)
    order = Order(step=step, folder=os.getcwd(), arguments=arguments, backward=backward)
    with Laboratory(order, timeout, nursery) as laboratory:
        search = Search(laboratory)
        _check(step, search.base)
        tried = _tried(search, meant=meant)
        found = Mending(
            report=search.base.report,
            tried=tuple(tried),
            originals=search.originals,
            repeatable=search.repeatable,
            trials=laboratory.trials,
            script=order.is_script,
        )
        return _together(found, search, laboratory)


def _check(step: str, base: Outcome) -> None:
    failure = base.failure
    if failure is None:
        return
    where = f" at {failure.file}:{failure.line}" if failure.file else ""
    if failure.kind == "GradvizError":
        raise GradvizError(failure.message)
    if failure.kind == "timeout":
        raise GradvizError(f"{step}: {failure.message}; --timeout gives it more")
    raise GradvizError(f"{step} raised {failure.kind}{where}: {failure.message}")


def _tried(search: Search, *, meant: bool) -> list[Tried]:
    tried: list[Tried] = []
    known = best(search.base.report)
    for problem in problems(search.base.report):
        sources = {place.file: source for place in problem.places if (source := search.source(place.file)) is not None}
        if not meant and is_meant(problem, known, sources):
            tried.append(Tried(problem=problem, meant=True))
            continue
        by = next((each.problem for each in tried if each.mends and set(problem.parameters) <= set(each.mends[0].effect.gained)), None)
        mends = () if by is not None else tuple(search.mends(problem))
        mends = (*(search.costed(each) for each in mends[:1]), *mends[1:])
        if mends or by is not None or problem.kind != "unregistered":  # an input that requires grad is nothing to mend
            tried.append(Tried(problem=problem, mends=mends, by=by))
    return tried


def _together(found: Mending, search: Search, laboratory: Laboratory) -> Mending:
    """Measure what the first patches do together, where there are several."""
    firsts = found.mends
    if len(firsts) < 2:
        return found
    sources = merged(found.originals, [each.sources for each in firsts])
    if sources is None:
        return found
    names = tuple(dict.fromkeys(name for each in firsts for name in each.problem.parameters))
    whole = replace(firsts[0].problem, parameters=names)
    effect = effect_of(search.base, laboratory.run(sources), whole, repeatable=search.repeatable)
    if effect is None:
        return found
    return replace(found, together=sources, effect=effect, trials=laboratory.trials)
