"""What a run says of training: alarms as they come, each once, and one sentence at its end."""

from collections.abc import Sequence
from dataclasses import replace

from gradviz.facts.training import Alarm, Thresholds, Training
from gradviz.graph import Place
from gradviz.render.sentences import path_and_line
from gradviz.render.training import NOT_KNOWN, lines, sentence
from gradviz.running.calls import BackwardCall, OptimizerStep
from gradviz.running.phrases import numbers_in_words
from gradviz.training.judging import judge
from gradviz.training.remarks import of_last_step
from gradviz.training.unregistered import with_made_anew, with_unregistered
from gradviz.training.watch import StepWatch

_AT_THE_END = frozenset(
    "frozen zero cut unused too_small vanishing not_held not_stepped left_out".split()
)
"""Reasons that a later step may do away with, and those that the step's own line has told of."""
_STEP_TELLS = frozenset(("cut", "unused"))
_LABEL = 10
_MANY_STEPS = 10  # after the calls reported on: a reader may take these for all of the run
STOPPED_BEFORE = "The run was stopped before the first step of an optimizer"


class TrainingJudge:
    """Judges what was watched, and tells of it."""

    def __init__(self, watch: StepWatch, thresholds: Thresholds) -> None:
        self._watch = watch
        self._thresholds = thresholds
        # Names, by reason and line
        self._alarmed: dict[tuple[str, str | None, int | None], set[str]] = {}
        self._of_steps: set[str] = set()  # names in the alarms of steps
        self._for_good: set[str] = set()  # and in those that nothing takes back
        self.training: Training | None = None  # as last judged
        self._before: Training | None = None  # and before the phase that is on
        self._end: tuple[str, ...] = ()  # what ended the script
        # A clause on what a line clears of each optimizer's gradients, by its name and the line
        self._cleared: dict[tuple[str, Place], str] = {}

    def judge(
        self, calls: Sequence[BackwardCall], reported: int, *, ended: bool = False
    ) -> Training | None:
        """Return whether the parameters train, as far as that is known by now.

        None where nothing was watched that could tell.

        Args:
            calls: The backward calls that are kept.
            reported: How many were reported on.
            ended: Nothing more is to come.
        """
        evidence, steppers = self._watch.evidence(ended=ended)
        if not evidence and not (calls and steppers):
            return None
        watch = self._watch
        runs_on = ended and watch.optimizers.last_step.is_long_ago()
        remarks = watch.remarks + of_last_step(watch.steps if runs_on else 0)
        training = judge(
            evidence,
            steppers,
            reported,
            terms=watch.calls.terms,
            underivable=watch.calls.underivable,
            remarks=(*remarks, *self._cleared.values(), *self._end),
            inspects=watch.calls.inspects,
            ended=ended,
            thresholds=self._thresholds,
        )
        if ended:
            held = frozenset(map(id, watch.optimizers.parameters()))
            training = with_unregistered(training, watch.touches.beside.unregistered(held))
            training = with_made_anew(training, [call.leaves for call in watch.calls])
        self.training = self._with_gone(training)
        return self.training

    def keep(self) -> None:
        """Keep what was judged of parameters that will be gone when it is judged anew."""
        self._before = self.training

    def _with_gone(self, training: Training) -> Training:
        """Return what is judged now, with the parameters of earlier phases that are gone."""
        if self._before is None:
            return training
        names = self._watch.gone - {fate.name for fate in training.parameters}
        earlier = tuple(fate for fate in self._before.parameters if fate.name in names)
        alarms = tuple(
            alarm
            for alarm in self._before.alarms
            if alarm.parameters and names.issuperset(alarm.parameters)
        )
        return replace(
            training,
            parameters=earlier + training.parameters,
            alarms=alarms + training.alarms,
            # Of what is still there, that was as it was then
            remarks=tuple(
                dict.fromkeys((self._before.remarks if names else ()) + training.remarks)
            ),
        )

    def ended_by(self, call: BackwardCall) -> None:
        """A backward call has raised, and that has ended the script."""
        place = call.caller or call.place
        at = "" if place is None else f" at {path_and_line(place)}"
        self._end = (f"{call.kind.value}() raised an error{at}, which ended the script",)

    def of_step(self, step: OptimizerStep) -> None:
        """A step's own line may have been an alarm about some parameters."""
        self._of_steps.update(step.starved)
        if step.holds_others:  # which another optimizer may train all the same
            self._for_good.update(step.starved)
        if step.discarded_at is not None:
            clause = _of_cleared(step, step.discarded_at)
            self._cleared.setdefault((step.optimizer, step.discarded_at), clause)

    def alarms(self, *, ended: bool = False) -> list[str]:
        """Return the alarms that are not told yet, and that no later step will do away with."""
        if self.training is None:
            return []
        every = self.training.alarms
        settled = [own for own in every if ended or not _may_pass(own, self.training)]
        texts = [self._tell(alarm, self.training) for alarm in settled]
        return [
            text
            for alarm, text in zip(settled, texts, strict=True)
            if text
            and not (alarm.why in _STEP_TELLS and self._of_steps.issuperset(alarm.parameters))
            and not self._is_told_by_step(alarm, self.training)
        ]

    def _is_told_by_step(self, alarm: Alarm, training: Training) -> bool:
        """Say whether an alarm is about a term of the loss that cuts off at its line what the alarm
        of a step has named with that.
        """
        return alarm.why == "constant_term" and any(
            fate.name in self._of_steps
            and fate.why == "cut"
            and (fate.file, fate.line) == (alarm.file, alarm.line)
            for fate in training.parameters
        )

    def taken_back(self) -> list[str]:
        """Return the names in alarms told that gradient has moved since, and that no alarm is about
        any more; to be asked for once, at the end.
        """
        if self.training is None:
            return []
        alarmed = self._of_steps.union(*self._alarmed.values())
        still = self._for_good | {
            name for alarm in self.training.alarms for name in alarm.parameters
        }
        return [
            fate.name
            for fate in self.training.parameters
            if fate.name in alarmed - still and fate.trains and fate.mover == "gradient"
        ]

    @property
    def stands(self) -> bool:
        """Whether some alarm that was told is not taken back."""
        alarmed = self._of_steps.union(*self._alarmed.values())
        return bool(alarmed.difference(self.taken_back()))

    def _tell(self, alarm: Alarm, training: Training) -> str:
        """Return an alarm in full the first time, and in a word where it concerns more parameters
        later; else nothing.
        """
        (_, first), *rest = lines(alarm, training)
        key = (alarm.why, alarm.file, alarm.line)
        before = self._alarmed.get(key)
        self._alarmed[key] = (before or set()) | set(alarm.parameters)
        if before is not None:
            return "" if before.issuperset(alarm.parameters) else f"ALARM: {first}, as before\n"
        return (
            "\n".join([f"ALARM: {first}", *(f"  {label:{_LABEL}}{text}" for label, text in rest)])
            + "\n"
        )

    def last(self, *, stopped: bool = False) -> str:
        """Return the sentence that ends a run; ``stopped`` where gradviz ended it, as asked for."""
        if stopped and not self._watch.steps:
            return f"{STOPPED_BEFORE}, so {NOT_KNOWN}; --until-stepped goes on to it.\n"
        later = self._watch.steps - self._watch.steps_in_full
        counted = f" {later:,} later steps were counted; --every N reports on later calls."
        return f"{sentence(self.training)}{counted if later >= _MANY_STEPS else ''}\n"


def _may_pass(alarm: Alarm, training: Training) -> bool:
    """Say whether a later step may do away with an alarm: to clear the gradient of some of what an
    optimizer steps is a way to hold them still for a while.
    """
    if alarm.why != "cleared":
        return alarm.why in _AT_THE_END
    optimizers = {
        own
        for fate in training.parameters
        if fate.name in alarm.parameters
        for own in fate.optimizers
    }
    return any(fate.trains and optimizers & {*fate.optimizers} for fate in training.parameters)


def _of_cleared(step: OptimizerStep, place: Place) -> str:
    """Return a clause on calls of one loss whose gradient a line clears before the step."""
    return (
        f"what backward {numbers_in_words(step.calls[:-1])} brought came to no step of"
        f" {step.optimizer}: {path_and_line(place)} cleared it first (to add it up, clear after the"
        " step alone)"
    )
