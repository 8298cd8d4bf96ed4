"""Tries one edit after another until the gradient is back.

Where a second line severs the same route, or the edit lays an error bare, what is proposed there is
tried on top.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gradviz.causes import has_raised
from gradviz.graph import Place
from gradviz.mending import edits  # noqa: F401  # registers them
from gradviz.mending.cost import PatchCost, cost_of
from gradviz.mending.edit import Edit, FaultyLine, proposals
from gradviz.mending.effect import Effect, effect_of
from gradviz.mending.laboratory import Laboratory
from gradviz.mending.outcome import Failure, TrialOutcome
from gradviz.mending.own import is_own
from gradviz.mending.patches import patch
from gradviz.mending.problems import Problem, best, parts, problems
from gradviz.mending.source import SourceFile
from gradviz.mending.words import paragraphs_of
from gradviz.render.page_patches import PagePatch
from gradviz.reports import Report

_DEEP = 3  # edits on top of each other
_TRIALS = 60  # for one problem
_TURNS = 2  # in which the step is timed without and with a patch

# A line that stands in the way: kind and operation of what severs there, the lines that ran in it
_Site = tuple[Place, str, str, tuple[Place, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """A patch, and what it was measured to do. Read-only.

    Attributes:
        problem: What it mends.
        titles: What it does, a phrase for each edit.
        before: The bytes of the changed files as they were read.
        sources: The changed bytes by file.
        effect: What became of the step.
        soft: It makes up a gradient where there is none.
        cost: What it costs, a sentence; empty where that was not measured.
    """

    problem: Problem
    titles: tuple[str, ...]
    before: Mapping[str, bytes]
    sources: Mapping[str, bytes]
    effect: Effect
    soft: bool
    cost: str = ""

    def on_page(self, report: Report) -> PagePatch:
        """Return it as the page of the report shows it."""
        return PagePatch(
            title=", then ".join(self.titles),
            effect=(
                *paragraphs_of(self.effect, report, soft=self.soft),
                *([self.cost] if self.cost else []),
            ),
            diff=patch(self.before, self.sources),
            places=self.problem.places,
            reached=self.effect.reached,
        )

    @property
    def rank(self) -> tuple[object, ...]:
        """What it is sorted by.

        It makes nothing up, trains and helps most, changes nothing else, and is small.
        """
        effect = self.effect
        size = sum(_distance(self.before[file], data) for file, data in self.sources.items())
        return (
            self.soft,
            -len(effect.trained),
            -len(effect.gained),
            bool(effect.changed),
            bool(effect.gone or effect.left),
            not effect.same_loss,
            size,
        )


@dataclass(frozen=True, slots=True)
class _State:
    """Source that was changed so far, and where to go on."""

    sources: Mapping[str, SourceFile]
    titles: tuple[str, ...]
    soft: bool
    sites: tuple[_Site, ...]

    @property
    def changed(self) -> tuple[tuple[str, bytes], ...]:
        """The bytes of each changed file, by its name."""
        return tuple(sorted((file, source.data) for file, source in self.sources.items()))


class Search:
    """Looks for what mends the problems of one step.

    Attributes:
        base: The step as it is.
        repeatable: Two runs of it agree to the bit.
        wanted: Parameters of every problem that is to be mended.
        refused: The best patch of a problem with which the step raises when it runs again, and
            what it raises.
    """

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory
        self.wanted: tuple[str, ...] = ()
        self.base = _as_reported(laboratory.run({}))
        self.repeatable = (
            self.base.failure is None and laboratory.run({}, again=True).bits == self.base.bits
        )
        self._files: dict[str, SourceFile] = {}
        self.refused: dict[Problem, tuple[Mend, Failure]] = {}

    def source(self, file: str) -> SourceFile | None:
        """Return a file of the user's as it is; None where it is no Python."""
        if file not in self._files:
            try:
                with open(file, "rb") as opened:
                    self._files[file] = SourceFile(file, opened.read())
            except (OSError, SyntaxError, ValueError):
                return None
        return self._files[file]

    @property
    def originals(self) -> Mapping[str, bytes]:
        """The bytes of every file that was read."""
        return {file: source.data for file, source in self._files.items()}

    def mends(self, problem: Problem) -> list[Mend]:
        """Return every patch that helps, the best first."""
        sites = [
            (place, problem.kind, problem.operation, problem.inner) for place in problem.places
        ]
        start = _State({}, (), False, tuple(sites))
        states = [start]
        mends: list[Mend] = []
        is_mended = False  # by what makes up no gradient
        tried: set[tuple[tuple[str, bytes], ...]] = set()
        for _ in range(_DEEP):
            further: list[_State] = []
            helped: _State | None = None  # a composition that is farther off is not tried then
            for state, edit, file in self._proposed(states, problem):
                if (helped is not None and state is not helped) or (edit.soft and is_mended):
                    continue
                after = self._after(state, edit, file)
                if after is None or after.changed in tried or len(tried) == _TRIALS:
                    continue
                tried.add(after.changed)
                outcome = self._laboratory.run(dict(after.changed))
                effect = self.effect(self.base, outcome, problem, soft=after.soft)
                if effect is not None:
                    helped = state if state is not start else None
                    mends.append(self._mend(problem, after, effect))
                    is_mended = is_mended or not after.soft
                    continue
                next_sites = tuple(self._next(outcome, problem))
                if next_sites and next_sites != state.sites:  # else it was of no use
                    further.append(replace(after, sites=next_sites))
            if is_mended or not further:
                break
            states = sorted(further, key=_length)  # what drops most is nearest
        return self._lasting(problem, sorted(mends, key=lambda mend: mend.rank))

    def _mend(self, problem: Problem, state: _State, effect: Effect) -> Mend:
        return Mend(
            problem=problem,
            titles=state.titles,
            before={name: self.originals[name] for name, _ in state.changed},
            sources=dict(state.changed),
            effect=effect,
            soft=state.soft,
        )

    def _lasting(self, problem: Problem, mends: list[Mend]) -> list[Mend]:
        """Return the patches with which the step also runs when it runs again."""
        lasting: list[Mend] = []
        for mend in mends:
            failure = self.later_failure(mend.sources)
            if failure is None:
                lasting.append(mend)
            else:
                self.refused.setdefault(problem, (mend, failure))
        return lasting

    def later_failure(self, sources: Mapping[str, bytes]) -> Failure | None:
        """Return what a patch has the step raise when it runs again; None where that is nothing, or
        where the step as it is raises too.
        """
        failure = self._laboratory.run_on(sources).failure
        if failure is None or self._laboratory.run_on({}).failure is not None:
            return None
        return failure

    def outcome(self, mend: Mend) -> TrialOutcome:
        """Return what became of the step with a patch."""
        return self._laboratory.run(mend.sources)

    def effect(
        self, before: TrialOutcome, after: TrialOutcome, problem: Problem, *, soft: bool
    ) -> Effect | None:
        """Return what a patch does for a problem, and for the others that are to be mended."""
        return effect_of(
            before, after, problem, repeatable=self.repeatable, soft=soft, wanted=self.wanted
        )

    def cost(self, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> PatchCost | None:
        """Return what ``after`` costs against ``before``.

        The step with the one and the other takes turns.
        """
        laboratory = self._laboratory
        if laboratory.order.is_script:
            return cost_of(laboratory.run(before), laboratory.run(after), script=True)
        runs = [(laboratory.time(before), laboratory.time(after)) for _ in range(_TURNS)]
        old, new = (
            replace(some[0], times=tuple(seconds for outcome in some for seconds in outcome.times))
            for some in zip(*runs, strict=True)
        )
        return cost_of(old, new, script=False)

    def _proposed(
        self, states: list[_State], problem: Problem
    ) -> Iterator[tuple[_State, Edit, str]]:
        """Yield what can be tried next, what makes up a gradient last."""
        every = [(state, edit, file) for state in states for edit, file in self._at(state, problem)]
        yield from (proposal for proposal in every if not proposal[1].soft)
        yield from (proposal for proposal in every if proposal[1].soft)

    def _at(self, state: _State, problem: Problem) -> Iterator[tuple[Edit, str]]:
        for place, kind, operation, inner in state.sites:
            source = state.sources.get(place.file) or self.source(place.file)
            if source is not None and place.line <= source.text.count("\n") + 1:
                lines = tuple(
                    place_within.line for place_within in inner if place_within.file == place.file
                )
                site = FaultyLine(source, place.line, kind, operation, lines, problem.parameters)
                yield from ((edit, place.file) for edit in proposals(site))

    def _after(self, state: _State, edit: Edit, file: str) -> _State | None:
        """Return the source with one edit more; None where that changes nothing, or is no
        Python.
        """
        source = state.sources.get(file) or self.source(file)
        assert source is not None
        try:
            changed = source.with_changes(edit.changes)
        except (SyntaxError, ValueError):
            return None
        if changed.data == source.data:
            return None
        sources, titles = {**state.sources, file: changed}, (*state.titles, edit.title)
        return _State(sources, titles, state.soft or edit.soft, ())

    def _next(self, outcome: TrialOutcome, problem: Problem) -> Iterator[_Site]:
        """Yield the lines that stand in the way now.

        Of an error that the edit laid bare, or of another cut.
        """
        failure = outcome.failure
        if failure is not None:
            if (
                failure.line
                and is_own(failure.file)
                and failure.kind not in ("timeout", "died", "SyntaxError", "NameError")
            ):
                yield Place(failure.file, failure.line, ""), "error", failure.message, ()
            return
        concerned = set(problem.parameters)
        parameters = best(self.base.report)
        before = {
            (other.kind, place.code)
            for other in problems(self.base.report)
            for place in other.places
        }
        for other in problems(outcome.report):
            if concerned.intersection(other.parameters) and all(
                name in parameters for name in other.parameters
            ):
                for place in other.places:
                    if (other.kind, place.code) not in before:
                        yield place, other.kind, other.operation, other.inner


def _as_reported(outcome: TrialOutcome) -> TrialOutcome:
    """Return the outcome of a script as it is; an error that its report explains is none."""
    if outcome.failure is None or not outcome.text:
        return outcome
    cuts = [cut for part in parts(outcome.report) for cut in part.cuts]
    return replace(outcome, failure=None) if any(map(has_raised, cuts)) else outcome


def _length(state: _State) -> int:
    return sum(len(source.data) for source in state.sources.values())


def _distance(before: bytes, after: bytes) -> int:
    """Return how much of a file differs, between the first and the last byte that do."""
    start = 0
    most = min(len(before), len(after))
    while start < most and before[start] == after[start]:
        start += 1
    end = 0
    while end < most - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return len(before) + len(after) - 2 * (start + end)
