"""What a run says and writes: of its backward calls, of the steps, of training, as they come."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from torch.optim import Optimizer

from gradviz.facts.calls import CallKind, StepNote
from gradviz.facts.training import Training
from gradviz.graph import Place, Verdict
from gradviz.render.formats import save
from gradviz.render.series_text import render_series
from gradviz.render.training import taken_back
from gradviz.reports import Report
from gradviz.running import echoes, rank, ranks, telling
from gradviz.running.alarm import judge_step, parameters_of
from gradviz.running.calls import BackwardCall
from gradviz.running.children import Children, label, own_file
from gradviz.running.outcome import TrainingJudge
from gradviz.running.replicas import Replicas
from gradviz.running.rounds import Rounds
from gradviz.running.settings import Settings
from gradviz.running.step_words import lead
from gradviz.running.unfed import steps_in_vain
from gradviz.series.data import Series
from gradviz.series.recorder import SeriesRecorder
from gradviz.system.voice import Saying, Voice
from gradviz.training.watch import StepWatch

_SURE = 3  # steps after which what no loss has used is an alarm


class Account:
    """Says what is new, and writes the file that was asked for.

    Args:
        settings: What was asked for.
        voice: Says a text.
        training: What optimizers do.
        record: The series of numbers; None where nobody asked.
        children: The processes that this one started; None where nobody counts them.
    """

    def __init__(
        self,
        settings: Settings,
        voice: Voice,
        training: StepWatch,
        record: SeriesRecorder | None,
        children: Children | None,
    ) -> None:
        self.kept = KeptCalls()
        self._settings = settings
        self._voice = voice
        self._training = training
        self._record = record
        self._children = children
        self._teller = telling.Teller(verbose=settings.verbose, to_the_end=settings.every > 0)
        self._outcome = TrainingJudge(training, settings.thresholds)
        self._steps: Counter[int] = Counter()  # that were told of, by the identity of the optimizer
        self._replicas = Replicas()
        training.stepped = self._replicas.stepped
        training.lookout.spoils = self.trained
        self._raised: Path | None = None  # which says to others that there was an alarm

    def call(self, call: BackwardCall) -> bool:
        """Tell of a backward call. Return whether it brought anything new."""
        is_new = self.kept.take(call)
        dropped = self.kept.drop() if self._settings.every else None
        if dropped is not None and len(self._training.calls) == len(self.kept.calls) + 1:
            del self._training.calls[dropped]
        ranks.leave(call, self._settings)
        text = self._teller.tell_call(call)
        if not is_new and self._settings.until_stable:
            text = f"{telling.call_line(call)}: nothing new\n"
        self.say(text)
        self.write()
        if not self._is_silent():
            self._voice(ranks.completed(call.number, self._settings))
        return is_new

    def step(
        self,
        optimizer: Optimizer,
        optimizers: Mapping[str, Optimizer],
        rounds: Rounds,
        *,
        is_last: bool,
        prevented: bool,
    ) -> None:
        """Tell of an optimizer's step.

        Args:
            optimizer: It is about to step, or has just stepped.
            optimizers: Every optimizer by name.
            rounds: The calls since the step before.
            is_last: No later call is reported on.
            prevented: gradviz ends the script before this step, as asked for.
        """
        self._steps[id(optimizer)] += 1
        step = judge_step(
            optimizer,
            optimizers,
            rounds.batch,
            rounds.numbers,
            self.kept.earlier(rounds.numbers[0]),
            stale=self._training.identities.stale_in(optimizer, self._training.optimizers),
            inside=self._training.identities.inside,
            waits=not is_last and self._steps[id(optimizer)] < _SURE,
            stalled=self._training.stalls.stalled,
        )
        step = replace(
            step, prevented=prevented, discarded_at=self._discarded_at(optimizer, rounds)
        )
        self._outcome.of_step(step)
        self.kept.leads.append(lead(step, rounds.batch))
        self.say(self._teller.tell_step(step, rounds.batch), alarm=bool(step.starved))

    def _discarded_at(self, optimizer: Optimizer, rounds: Rounds) -> Place | None:
        """Return the line that clears what each of the calls of one loss has brought to an
        optimizer's parameters before the next call, and no step between; none where these brought
        something to other leaves than the last does, as to inputs of an attack.
        """
        reached = [len(call.report.unregistered) for call in rounds.batch]
        if len({call.place for call in rounds.batch}) > 1 or len(set(reached)) > 1:
            return None
        return self._training.touches.discarded_at(parameters_of(optimizer), len(rounds.batch) - 1)

    def record(self, wants_next: bool) -> None:
        """Take what the step did into the series; look at none that follows no watched call."""
        if self._record is not None and self._training.looking:
            self._record.stepped(self._training.recent())
        if self._settings.every and not wants_next:
            self._training.looking = False

    def begin_phase(self) -> None:
        """A later phase begins, in which some parameters may be gone."""
        self._outcome.judge(self.kept.calls, self.kept.reported)
        self._outcome.keep()

    def trained(self, *, ended: bool = False) -> None:
        """Say what is new of training; ``ended`` where nothing more is to come."""
        self._outcome.judge(self.kept.calls, self.kept.reported, ended=ended)
        for alarm in self._outcome.alarms(ended=ended):
            self.say(alarm, alarm=True)
        if ended and self._outcome.training is not None:
            ranks.leave_training(self._outcome.training, self._settings)
        self.write()

    def end(self, *, early: bool, stopped: bool, error: str) -> None:
        """Say what could only be said at the end.

        Where gradviz itself ended the script, an optimizer may not have come to its step; where an
        error ended it early on, nobody knows what would have come. Where backward itself raised
        before any step, nothing would.

        Args:
            early: An error ended the script early on, or it was not watched to its end.
            stopped: gradviz has ended the script, as asked for.
            error: What ended the script, as :attr:`BackwardCall.failed` has it; empty where nothing
                did.
        """
        last = self.kept.calls[-1] if self.kept.calls else None
        if early and last is not None and last.failed and last.failed == error:
            self._outcome.ended_by(last)
            early = bool(self._training.steps)
        self.trained(ended=not early and (not stopped or self._training.all_stepped))
        self._take_back()
        if self._record is not None and (series := self._record.series()) is not None:
            self.say(render_series(series))
        if self._writes and not self._settings.quiet and not self._is_silent():
            self._voice(self._wrote())
        self.say(self._outcome.last(stopped=stopped))
        # The last of all: whoever reads it finds this rank's report written
        self._replicas.leave(self._training.names, ranks.folder(self._settings))

    def _wrote(self) -> str:
        own = label(self._settings)
        paths = [_near(own_file(output, own)) for output in self._settings.outputs]
        return f"gradviz{f' [{own}]' if own else ''}: wrote {', '.join(paths)}\n"

    def _take_back(self) -> None:
        """Say which alarms do not hold any more."""
        names = self._outcome.taken_back()
        if names and self._outcome.training is not None:
            self.say(f"{taken_back(names, self._outcome.training)}\n")
        if self._raised and not self._outcome.stands:
            self._raised.unlink(missing_ok=True)

    def say_unseen(self, calls: int, why: str, *, was_on: bool) -> None:
        """Say why there is nothing to report, where this is the script's own process.

        Args:
            calls: Backward calls that were seen.
            why: Where gradients came from instead; empty where that is not known.
            was_on: Something was awaited still.
        """
        if self._children is None:
            return
        if calls == 0:
            self._children.say_unseen(why or steps_in_vain(self._training))
        elif was_on and not self.kept.calls:
            seen_calls = "1 backward call was" if calls == 1 else f"{calls} backward calls were"
            self.say(f"Only {seen_calls} seen in this process, none of those asked for.\n")

    def say(self, text: str, *, alarm: bool = False) -> None:
        """Say a text where this process speaks, and take note of an alarm."""
        if self._settings.alarms and alarm:
            self._raised = Path(f"{self._settings.alarms}-{os.getpid()}")
            self._raised.touch()
        if not text or self._settings.quiet or self._is_silent():
            return
        own = label(self._settings)
        for now in echoes.due(Saying(text, alarm), self._settings):
            self._voice(f"gradviz{f' [{own}]' if own else ''}: {now.text}", alarm=now.alarm)

    def write(self) -> None:
        """Write the file whole, with everything known so far."""
        if not self._writes or self._is_silent():
            return
        series = None if self._record is None else self._record.series()
        settings = self._settings
        report = self.kept.report(self._outcome.training, series)
        for output in settings.outputs:
            path = own_file(output, label(settings))
            save(report, path, engine=settings.engine, command=settings.command)

    @property
    def _writes(self) -> bool:
        is_something = bool(self.kept.calls) or self._outcome.training is not None
        return bool(self._settings.outputs) and is_something

    def _is_silent(self) -> bool:
        own = rank.current() if self._settings.one_voice else None
        return own is not None and own.own > 0


def _near(path: Path) -> str:
    """Return a path as from the current folder, where it lies in it; else as it is."""
    try:
        near = os.path.relpath(path)
    except (OSError, ValueError):
        return str(path)
    return str(path) if near.startswith(os.pardir) else near


# The backward calls of a run that its saved report holds.


_MOST = 6  # calls of a run watched to its end whose graphs are kept
_LATEST = 2  # of them, the last ones


class KeptCalls:
    """The calls that were reported on, and the sentences on the steps after them.

    Attributes:
        calls: All of them; of a run watched to its end those that brought something new, and the
            last ones.
        leads: A sentence for each step.
        reported: How many calls there were.
    """

    def __init__(self) -> None:
        self.calls: list[BackwardCall] = []
        self.leads: list[StepNote] = []
        self.reported = 0
        self._facts: set[object] = set()
        self._news: set[int] = set()  # numbers of the calls that brought something new

    def take(self, call: BackwardCall) -> bool:
        """Keep a call. Return whether it brought anything new."""
        facts: set[object] = {
            (
                call.kind,
                str(call.place),
                parameter.name,
                parameter.verdict,
                parameter.partial,
                tuple((cut.file, cut.line) for cut in parameter.cuts),
            )
            for parameter in call.report.parameters.values()
        }
        is_new = not facts <= self._facts
        self._facts |= facts
        self.calls.append(call)
        self.reported += 1
        if is_new:
            self._news.add(call.number)
        return is_new

    def drop(self) -> int | None:
        """Let go of a call where there are too many, and return its position.

        Its numbers are in the series.
        """
        if len(self.calls) <= _MOST:
            return None
        middle = range(1, len(self.calls) - _LATEST)
        position = next(
            (position for position in middle if self.calls[position].number not in self._news), 1
        )
        self._news.discard(self.calls[position].number)
        del self.calls[position]
        del self.leads[_LATEST:-_LATEST]
        return position

    @property
    def may_step(self) -> bool:
        """Whether an optimizer holds something that the last call brought gradient to."""
        last = self.calls[-1].report.parameters.values() if self.calls else ()
        return any(
            parameter.optimized and parameter.verdict in (Verdict.REACHED, Verdict.ZERO)
            for parameter in last
        )

    def earlier(self, number: int) -> Sequence[BackwardCall]:
        """Return the backward calls before one."""
        backwards = (call for call in self.calls if call.kind is CallKind.BACKWARD)
        return [call for call in backwards if call.number < number]

    def report(self, training: Training | None, series: Series | None) -> Report:
        """Return everything as one report; the call that it leads with is the last."""
        if not self.calls:
            none = Report(notes=("No backward call was seen.",))
            return replace(none, training=training, series=series)
        reports = [replace(call.report, call=call.name, loss=str(call.name)) for call in self.calls]
        notes = tuple(self.leads) or ("No optimizer has stepped yet.",)
        last = replace(reports[-1], notes=(*notes, *reports[-1].notes))
        if len(reports) > 1:
            own, named = self.calls[-1].report.loss, {report.loss: report for report in reports}
            last = replace(last, loss=own, call=None, losses=named)
        return replace(last, training=training, series=series)
