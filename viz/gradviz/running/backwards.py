"""Watches ``torch.autograd.backward`` and ``torch.autograd.grad`` in one process, and tells of each
call that is wanted.

Torch is traced from its import (or the end of the call before the first one wanted) to the end of
the last one wanted; then everything is put back and costs nothing. The graph is read and the report
written at backward time; what steps next is added as it happens.
"""

import functools
import os
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradviz.graph import Verdict
from gradviz.recording import torch_inside, where
from gradviz.recording.judge import judge
from gradviz.recording.model_names import names_of
from gradviz.recording.recorder import described
from gradviz.recording.seams.backward import around_backward, watches_backward
from gradviz.recording.seams.seam import Seam
from gradviz.recording.seams.watcher import held_by
from gradviz.recording.tape import Tape
from gradviz.recording.uninterrupted import Undo, as_one, is_own
from gradviz.render.formats import save
from gradviz.render.sentences import path_and_line
from gradviz.render.series_text import render_series
from gradviz.reports import Report
from gradviz.running import names, rank, ranks, telling
from gradviz.running.alarm import judge_step
from gradviz.running.amounts import value_of, zeros_of
from gradviz.running.calls import Call
from gradviz.running.children import Children, label, own_file
from gradviz.running.outcome import Outcome
from gradviz.running.relevant import relevant
from gradviz.running.settings import Plan, Settings
from gradviz.series.recorder import Recorder
from gradviz.tracing.trace import Trace
from gradviz.training.constant_terms import find_constant_terms, find_underivable
from gradviz.training.gathering import Seen
from gradviz.training.hooks import StepHooks
from gradviz.training.watch import StepWatch
from gradviz.voice import say, warn

# Backward calls after the last one wanted in which a step is awaited: gradients may be accumulated
_PATIENCE = 64
_UNSETTLED = 8  # backward calls that may come before the first step, until one has been seen
_MOST_KEPT = 6  # calls of a run watched to its end whose graphs are kept
_LATEST = 2  # of them, the last ones
_GRADS = 3  # calls of torch.autograd.grad with respect to parameters that are reported on

_watching: "Watch | None" = None


def _near(path: Path) -> str:
    """Return a path as from the current folder, where there is one."""
    try:
        return os.path.relpath(path)
    except (OSError, ValueError):
        return str(path)


def is_watched() -> bool:
    """Say whether somebody watches this process's backward calls already."""
    return _watching is not None


class Watch:
    """The backward calls of this process."""

    def __init__(
        self,
        settings: Settings,
        children: Children | None = None,
        *,
        find: Callable[[FrameType | None], names.Found | None] | None = None,
        voice: Callable[[str], None] = say,
    ) -> None:
        self._settings = settings
        self._children = children
        self._find = find
        self._voice = voice
        self._plan = Plan(settings)
        self._trace: Trace | None = None
        self._thread = 0
        self._on = False
        self._over = False  # the last call wanted has been: only what steps next is still awaited
        self._stopped = False  # gradviz ended the script, as asked
        self._aside = False  # the script traces itself
        self._count = 0
        self._grads = 0
        self._numbers: list[int] = []  # of the calls since the step before
        self._most = 0  # calls between two steps, so far
        self._stepped = False
        self._batch: list[Call] = []  # those of them that were reported on
        self._judged: set[int] = set()  # the optimizers that stepped since
        self._optimizers: dict[str, weakref.ref[Optimizer]] = {}  # as the last call found them
        self._stepping: list[int] = []  # the optimizers inside whose step we are
        self._calls: list[Call] = []
        self._reported = 0
        self._record = Recorder() if settings.every or settings.values else None
        self._leads: list[str] = []
        self._seen: set[object] = set()
        self._telling: set[int] = set()  # the calls that brought something new
        self._teller = telling.Teller(verbose=settings.verbose, to_the_end=settings.every > 0)
        self._training = StepWatch()
        self._outcome = Outcome(self._training, settings.thresholds)
        self._hooks: StepHooks | None = None
        self._undo = Undo()
        self._inside = threading.local()

    # Beginning and end

    def begin(self) -> None:
        """Watch from here on."""
        global _watching
        self._thread = threading.get_ident()
        self._hooks = StepHooks(self._before_step, self._after_step)
        patches = [
            Seam.over(
                torch.autograd,
                "backward",
                self._watching(torch.autograd.backward, "backward", self._called),
            ),
            Seam.over(
                torch.autograd,
                "grad",
                self._watching(torch.autograd.grad, "grad", self._differentiated),
            ),
            Seam.over(Tensor, "backward", self._watching(Tensor.backward, "Tensor", self._called)),
        ]
        self._undo.will(
            [*(patch.take_out for patch in patches), partial(watches_backward.discard, id(self))]
        )
        self._on, _watching = True, self
        try:
            # Before our own: it is to have seen a step that we tell of
            self._training.begin(lambda error: warn(error, self._voice))
            as_one(self._hooks.put_in)()
            watches_backward.add(id(self))
            self._retrace()
            as_one([patch.put_in for patch in patches])()
        except BaseException:
            self._off()
            raise

    def forked(self) -> None:
        """A forked child goes on from nothing where children are followed, and
        unwatched where not.
        """
        was_on = self._on
        self._off()
        self._training.end()
        if was_on and self._settings.children:
            self.__init__(self._settings, self._children, find=self._find, voice=self._voice)  # type: ignore[misc]
            self.begin()

    def end(self, *, broken: bool = False) -> None:
        """The process exits; ``broken`` where the script itself says that something went wrong."""
        was_on = self._on
        self._off()
        if self._count == 0 and self._aside:
            pass
        elif self._count == 0 and os.getpid() == self._settings.root:
            grads = f"torch.autograd.grad was called {self._grads} times" if self._grads else ""
            if self._children is not None:
                self._children.say_unseen(grads)
        elif (
            was_on
            and not self._calls
            and self._children is not None
            and os.getpid() == self._settings.root
        ):
            calls = (
                "1 backward call was" if self._count == 1 else f"{self._count} backward calls were"
            )
            self._say(f"Only {calls} seen in this process, none of those asked for.\n")
        self._finish(broken)

    def _off(self) -> None:
        """Put everything back as it was.

        Where that is interrupted, the next call goes on with it.
        """
        global _watching
        if not self._on:
            return
        self._undo.close()
        self._untrace()
        self._training.rest()
        if self._hooks is not None:
            self._hooks.remove()
        self._on, _watching = False, None

    def _stand_aside(self) -> None:
        """The script traces itself: leave the rest of it to that."""
        code, lasti, *_ = where.quick(sys._getframe(1))
        at = "" if code is None else f" at {path_and_line(where.place(code, lasti))}"
        self._over = self._aside = True
        self._guarded(self._off)
        self._say(f"The script traces itself{at}, so gradviz run watches no further.\n")

    def _retrace(self) -> None:
        """Trace where the next call is wanted, and only there."""
        # One forward may serve all the calls up to a step, so the trace has to begin before the
        # first of them.
        ahead = max(
            self._most, len(self._numbers) + 1, 0 if self._stepped else _UNSETTLED - self._count
        )
        if self._over or not any(
            self._plan.wants(self._count + number) for number in range(1, ahead + 1)
        ):
            self._untrace()
        elif self._trace is None and threading.get_ident() == self._thread:
            self._trace = Trace(
                self._training, values=self._settings.values, gives_way=self._stand_aside
            )
            self._trace.__enter__()

    def _untrace(self) -> None:
        trace = self._trace
        if trace is not None and threading.get_ident() == self._thread:
            failure = trace.stop()
            self._trace = None
            if failure:
                self._voice(
                    f"gradviz: part of the way was not watched ({failure}); cuts in it are not"
                    " known.\n"
                )

    def _guarded(self, action: Callable[..., None], *args: Any) -> None:
        """Whatever gradviz does, it ends with gradviz: one warning, and the script goes on."""
        try:
            with (
                torch_inside.without_torch_function(),
                Undo([partial(torch_inside.set_grad_enabled, torch.is_grad_enabled())]),
            ):
                action(*args)
        except BaseException as error:
            self._over = True
            with suppress(Exception):
                self._off()
            self._on = False
            if not is_own(error):  # what a signal handler raised goes on to the script
                raise
            warn(error, self._voice)

    # Calls

    def _watching(
        self, original: Callable[..., Any], which: str, told: Callable[..., None]
    ) -> Callable[..., Any]:
        # The trace's own seam lies below ours, so that it has seen the call by the time that we
        # report on it.
        function = around_backward(original) if which == "backward" else original

        @functools.wraps(original)
        def watching(*args: Any, **kwargs: Any) -> Any:
            if (
                not self._on
                or getattr(self._inside, "yes", False)
                or torch_inside.current_node() is not None
            ):
                return function(*args, **kwargs)
            self._inside.yes = True
            try:
                self._guarded(self._before_call, which)
                out = function(*args, **kwargs)
            except Exception as error:
                self._guarded(told, sys._getframe(1), args, kwargs, error, None)
                raise
            else:
                self._guarded(told, sys._getframe(1), args, kwargs, None, out)
            finally:
                self._inside.yes = False
            self._stop_if_asked()
            return out

        return watching

    def _before_call(self, which: str) -> None:
        awaits = not self._settings.stop and not self._judged and len(self._numbers) < _PATIENCE
        if self._over and which != "grad" and not self._stepping and not awaits:
            self._off()
            self._stop_if_asked(now=True)
        elif self._on and which != "grad" and self._plan.wants(self._count + 1):
            ranks.begin(self._count + 1, self._settings)

    def _called(
        self, frame: FrameType, args: Any, kwargs: Any, error: Exception | None, out: Any
    ) -> None:
        """A backward call has ended."""
        if not self._on or (self._over and self._stepping):
            return
        self._count += 1
        if self._judged and not self._stepping:
            self._numbers, self._batch = [], []
            self._judged.clear()
        self._numbers.append(self._count)
        self._most = max(self._most, len(self._numbers))
        if self._over:
            if self._count & (self._count - 1) == 0:  # what is trained by hand may move late
                self._training.look_again()
            return
        if self._plan.wants(self._count):
            self._training.looking = True
            call = self._report(
                "backward",
                self._count,
                frame,
                _losses(args, kwargs),
                _inputs(args, kwargs, 4),
                error,
            )
            if call is None:
                self._off()
                return
            self._tell(call)
        self._over = self._plan.is_over(self._count)
        self._retrace()

    def _differentiated(
        self, frame: FrameType, args: Any, kwargs: Any, error: Exception | None, out: Any
    ) -> None:
        """``torch.autograd.grad`` was called.

        A way to train of its own where it asks for parameters, else part of a loss.
        """
        if not self._on or self._over:
            return
        asked = _inputs(args, kwargs, 1)
        if not any(isinstance(one, torch.nn.Parameter) for one in asked):
            return
        self._grads += 1
        if self._grads <= _GRADS:
            call = self._report(
                "torch.autograd.grad",
                self._grads,
                frame,
                _losses(args, kwargs, "outputs"),
                asked,
                error,
            )
            if call is not None:
                self._tell(call)

    def _report(
        self,
        kind: str,
        number: int,
        frame: FrameType,
        losses: tuple[Tensor, ...],
        asked: tuple[Tensor, ...],
        error: Exception | None,
    ) -> Call | None:
        found = self._found(frame)
        if found is None:
            return None
        known = names_of(found.roots)
        roots = self._training.renamed(found.roots, known)
        if roots.keys() != found.roots.keys():
            found = replace(
                found, roots=roots, named=found.named | (roots.keys() - found.roots.keys())
            )
            known = names_of(roots)
        named = {
            names.name_of(loss, frame) or ("loss" if len(losses) == 1 else f"loss {place}"): loss
            for place, loss in enumerate(losses, 1)
        }
        if len(named) < len(losses):
            named = {f"loss {place}": loss for place, loss in enumerate(losses, 1)}
        optimizers = list(found.optimizers.values())
        self._optimizers = {name: weakref.ref(one) for name, one in found.optimizers.items()}
        trace = self._trace if threading.get_ident() == self._thread else None
        if trace is not None and named:
            report = trace.report(named, found.roots, optimizers)
        elif named:
            note = "It ran in a thread that is not traced: cut cannot be told from unused."
            report = Report.of(
                judge(Tape(), named, found.roots, held_by(optimizers), measure=False, notes=(note,))
            )
        else:
            report = Report(notes=("It began from no tensor.",))
        code, lasti, caller, caller_lasti, _ = where.quick(frame)
        place = None if code is None else where.place(code, lasti)
        report = replace(
            relevant(report, found), losses={}, loss=" + ".join(named) or "loss", place=place
        )
        seen = Seen(
            parameters=report.parameters,
            asked=frozenset(map(id, asked)) or None,
            place=place,
            terms=find_constant_terms(report.graph),
            underivable=find_underivable(report.graph),
            births=report.births,
            inspects=bool(report.unregistered)
            or not all(_is_training(root) for root in found.roots.values()),
        )
        self._training.called(seen, known, found.roots)
        if self._record is not None and kind == "backward":
            self._record.take(number, report.parameters, zeros_of(report.graph), value_of(losses))
        return Call(
            number=number,
            kind=kind,
            report=report,
            place=place,
            caller=None if caller is None else where.place(caller, caller_lasti),
            failed="" if error is None else described(error),
            names={
                key: each[0]
                for key, each in known.parameters.items()
                if each[0] in report.parameters
            },
            roots=tuple(found.roots),
            watched=trace is not None,
            when=found.when,
            waits=ranks.waits(),
        )

    def _found(self, frame: FrameType | None) -> names.Found | None:
        """Return what is trained; None where what was to be watched is over."""
        live = names.find(frame) if self._find is None else self._find(frame)
        return live and replace(live, optimizers=self._training.named(live.optimizers))

    def _tell(self, call: Call) -> None:
        new = self._is_new(call)
        if call.kind == "backward":
            self._plan.told(new=new)
            self._batch.append(call)
        self._calls.append(call)
        self._reported += 1
        if new:
            self._telling.add(call.number)
        self._forget()
        ranks.leave(call, self._settings)
        told = self._teller.tell_call(call)
        self._say(
            told
            if new or not self._settings.until_stable
            else f"{telling.headline(call)}: nothing new\n"
        )
        self._write()
        if not self._is_silent():
            self._voice(ranks.completed(call.number, self._settings))

    def _is_new(self, call: Call) -> bool:
        facts: set[object] = {
            (
                call.kind,
                str(call.place),
                one.name,
                one.verdict,
                one.partial,
                tuple((cut.file, cut.line) for cut in one.cuts),
            )
            for one in call.report.parameters.values()
        }
        new = not facts <= self._seen
        self._seen |= facts
        return new

    def _forget(self) -> None:
        """Of a run watched to its end keep the calls that brought something new, and the last ones.

        Numbers are in the series.
        """
        if not self._settings.every or len(self._calls) <= _MOST_KEPT:
            return
        middle = range(1, len(self._calls) - _LATEST)
        place = next(
            (place for place in middle if self._calls[place].number not in self._telling), 1
        )
        self._telling.discard(self._calls[place].number)
        if len(self._training.calls) == len(self._calls):
            del self._training.calls[place]
        del self._calls[place]
        del self._leads[_LATEST:-_LATEST]

    # Steps

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self._on:
            self._stepped = True
            if id(optimizer) in self._judged:
                self._numbers, self._batch = [], []
                self._judged.clear()
            if id(optimizer) in self._stepping:  # its step before was interrupted
                del self._stepping[self._stepping.index(id(optimizer)) :]
            self._stepping.append(id(optimizer))
            if len(args) > 1 or kwargs.get("closure") is not None:
                return  # the closure's calls are yet to come
            self._guarded(
                partial(self._judge, prevented=self._over and self._settings.stop), optimizer
            )
            if self._over and self._judged:
                self._stop_if_asked(now=True)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self._on and id(optimizer) in self._stepping:
            self._guarded(self._judge, optimizer)  # a closure called backward
            self._stepping.remove(id(optimizer))
            is_watched = self._training.looking
            self._guarded(self._recorded)
            self._plan.stepped = self._training.all_stepped
            if self._settings.until_stepped and not self._over and self._plan.is_over(self._count):
                self._over = True
                self._retrace()
            if is_watched:  # else nothing is new
                self._guarded(self._trained)
            if self._over and self._judged:
                self._stop_if_asked(now=True)

    def _recorded(self) -> None:
        """Take what the step did into the series; look at none that follows no watched call."""
        if self._record is not None and self._training.looking:
            self._record.stepped(self._training.recent())
        if self._settings.every and not self._plan.wants(self._count + 1):
            self._training.looking = False

    def _judge(self, optimizer: Optimizer, *, prevented: bool = False) -> None:
        if id(optimizer) in self._judged:
            return
        if not self._batch:  # none of the calls before this step was reported on
            self._judged.add(id(optimizer))
            return
        known = {
            name: one
            for name, reference in self._optimizers.items()
            if (one := reference()) is not None
        }
        if not any(one is optimizer for one in known.values()):
            found = self._found(sys._getframe(2))
            known = {} if found is None else dict(found.optimizers)
        name = next(
            (name for name, one in known.items() if one is optimizer), type(optimizer).__name__
        )
        earlier = [
            call
            for call in self._calls
            if call.kind == "backward" and call.number < self._numbers[0]
        ]
        stale = self._training.stale(optimizer)
        step = judge_step(name, optimizer, known, self._batch, self._numbers, earlier, stale=stale)
        step = replace(step, prevented=prevented)
        self._judged.add(id(optimizer))
        self._leads.append(telling.lead(step, self._batch))
        self._say(self._teller.tell_step(step, self._batch))
        if not self._settings.every:
            self._write()

    # What is said

    def _is_silent(self) -> bool:
        here = rank.here() if self._settings.one_voice else None
        return here is not None and here.own > 0

    def _say(self, text: str) -> None:
        if self._settings.alarms and text.startswith("ALARM"):
            Path(self._settings.alarms).touch()
        if not text or self._is_silent():
            return
        own = label(self._settings)
        self._voice(f"gradviz{f' [{own}]' if own else ''}: {text}")

    def _write(self) -> None:
        """Write the file whole, with everything known so far."""
        if not self._settings.output or not self._calls or self._is_silent():
            return
        reports = {
            f"{call.kind} {call.number}, {call.report.loss}": call.report for call in self._calls
        }
        notes = tuple(self._leads) or ("No optimizer has stepped yet.",)
        last = replace(self._calls[-1].report, notes=(*notes, *self._calls[-1].report.notes))
        named = {name: replace(each, loss=name) for name, each in reports.items()}
        whole = (
            replace(last, losses=named) if len(named) > 1 else replace(last, loss=next(iter(named)))
        )
        whole = replace(
            whole,
            training=self._outcome.training,
            series=None if self._record is None else self._record.series(),
        )
        settings = self._settings
        path = own_file(settings.output, label(settings))
        save(whole, path, engine=settings.engine, command=settings.command)

    def _trained(self, *, ended: bool = False) -> None:
        """Say what is new of training."""
        self._outcome.judge(self._calls, self._reported, ended=ended)
        for alarm in self._outcome.alarms(ended=ended):
            self._say(alarm)
        if ended and self._outcome.training is not None:
            ranks.leave_training(self._outcome.training, self._settings)
        self._write()

    def _finish(self, broken: bool) -> None:
        """Decide what could only be decided at the end."""
        if self._calls:
            # Where gradviz itself ended the script, an optimizer may not have come to its step;
            # where an error ended it early on, nobody knows what would have come. Where backward
            # itself raised, nothing would.
            broken = broken or getattr(sys, "last_value", None) is not None
            early = self._aside or (
                broken and not self._calls[-1].failed and self._count < _UNSETTLED
            )
            self._trained(ended=not early and (not self._stopped or self._training.all_stepped))
            if self._record is not None and (series := self._record.series()) is not None:
                self._say(render_series(series))
            if self._settings.output and self._settings.names_output and self._children is not None:
                self._say(
                    f"wrote {_near(own_file(self._settings.output, label(self._settings)))}\n"
                )
            self._say(self._outcome.last(stopped=self._stopped))
        self._training.end()

    def _stop_if_asked(self, *, now: bool = False) -> None:
        """End the script where that was asked for.

        Once what steps next is known, or nothing can step.
        """
        if self._settings.stop and self._over and (now or self._stepping or not self._can_step()):
            self._stopped = True
            self._off()
            raise SystemExit(0)

    def _can_step(self) -> bool:
        last = self._calls[-1].report.parameters.values() if self._calls else ()
        return any(one.optimized and one.verdict in (Verdict.REACHED, Verdict.ZERO) for one in last)


def _is_training(root: Any) -> bool:
    return not isinstance(root, torch.nn.Module) or root.__dict__.get("training") is not False


def _inputs(args: Any, kwargs: Any, place: int) -> tuple[Tensor, ...]:
    """Return the tensors that a backward was to give gradient to; empty for all."""
    value = args[place] if len(args) > place else kwargs.get("inputs")
    return (
        (value,)
        if isinstance(value, Tensor)
        else tuple(one for one in value or () if isinstance(one, Tensor))
    )


def _losses(args: Any, kwargs: Any, keyword: str = "tensors") -> tuple[Tensor, ...]:
    """Return what a backward began from; for ``Tensor.backward`` that is the first argument too."""
    value = args[0] if args else kwargs.get(keyword, kwargs.get("self"))
    if isinstance(value, Tensor):
        return (value,)
    return tuple(one for one in value or () if isinstance(one, Tensor))
