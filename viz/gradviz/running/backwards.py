"""Watches ``torch.autograd.backward`` and ``torch.autograd.grad`` in one process, and tells of each
call that is wanted.

Torch is traced from its import (or the end of the call before the first one wanted) to the end of
the last one wanted; then everything is put back and costs nothing, until another optimizer is made
or steps first. The graph is read and the report written at backward time; what steps next is added
as it happens.
"""

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradviz.facts.calls import CallKind
from gradviz.recording import torch_inside
from gradviz.recording.recorder import described
from gradviz.recording.seams.backward import around_backward, watches_backward
from gradviz.recording.seams.seam import Seam
from gradviz.recording.uninterrupted import is_own
from gradviz.render.sentences import in_times
from gradviz.running import ranks
from gradviz.running.account import Account
from gradviz.running.children import Children
from gradviz.running.functional import Functional, line_of
from gradviz.running.phases import Phases
from gradviz.running.reading import CallReader, Ended, Find
from gradviz.running.rounds import Rounds
from gradviz.running.settings import MOST_OF_PHASE, Plan, Settings
from gradviz.running.thread_trace import ThreadTrace
from gradviz.series.recorder import SeriesRecorder
from gradviz.system.frames import leave_out_caller, uncounted
from gradviz.system.undo import Undo, as_one
from gradviz.system.voice import Voice, say, warn
from gradviz.training.hooks import StepHooks
from gradviz.training.watch import StepWatch

# Backward calls after the last one wanted in which a step is awaited: gradients may be accumulated
_PATIENCE = 64
_UNSETTLED = 8  # backward calls that may come before the first step, until one has been seen
_GRADS = 3  # calls of torch.autograd.grad with respect to parameters that are reported on

_watching: "Watch | None" = None


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
        find: Find | None = None,
        voice: Voice = say,
    ) -> None:
        self._settings = settings
        self._voice = voice
        self._again = partial(self.__init__, settings, children, find=find, voice=voice)  # type: ignore[misc]
        self._plan = Plan(settings)
        self._on = False
        self._over = False  # the last call wanted has been: only what steps next is still awaited
        self._stopped = False  # gradviz ended the script, as asked
        self._aside = False  # the script traces itself
        self._count = 0
        self._grads = 0
        self._functional = Functional()
        self._rounds = Rounds()
        self._record = SeriesRecorder() if settings.every or settings.values else None
        self._training = StepWatch()
        self._reader = CallReader(self._training, self._record, find)
        self._account = Account(settings, voice, self._training, self._record, children)
        self._trace = ThreadTrace(
            self._training, values=settings.values, gives_way=self._stand_aside, voice=voice
        )
        self._phases = Phases(self._training, self._guarded, self._begin_phase)
        self._looks_for_phases = find is None and self._plan.has_phases
        self._awaited: int | None = None  # identity of the optimizer whose phase is on
        self._news = ""  # of a phase of which no call has been told yet
        self._hooks: StepHooks | None = None
        self._undo = Undo()
        self._inside = threading.local()

    # Beginning and end

    def begin(self) -> None:
        """Watch from here on."""
        self._begin(self._training.begin)

    def _begin(self, watch_steps: Callable[[Callable[[BaseException], None]], None]) -> None:
        global _watching
        self._hooks = StepHooks(self._before_step, self._after_step)
        watched: tuple[tuple[Any, str, Callable[..., None]], ...] = (
            (torch.autograd, "backward", self._called),
            (torch.autograd, "grad", self._differentiated),
            (Tensor, "backward", self._called),
        )
        patches = [
            Seam.over(owner, name, _told_of(self, owner, name, then))
            for owner, name, then in watched
        ]
        self._undo.will(
            [*(patch.take_out for patch in patches), partial(watches_backward.discard, id(self))]
        )
        self._on, _watching = True, self
        try:
            # Before our own: it is to have seen a step that we tell of
            watch_steps(lambda error: warn(error, self._voice))
            as_one(self._hooks.put_in)()
            watches_backward.add(id(self))
            self._retrace()
            as_one([patch.put_in for patch in patches])()
        except BaseException:
            self._off()
            raise

    def _begin_phase(self, optimizer: Optimizer, frame: FrameType, event: str) -> None:
        """Watch the calls that follow, for an optimizer that is new."""
        if _watching not in (None, self):
            return
        self._account.begin_phase()
        self._off()
        self._plan.begin_phase(self._count)
        self._rounds, self._over, self._awaited = Rounds(), False, id(optimizer)
        self._news = _news_of(event, self._count + 1)
        self._begin(self._training.resume)
        if not self._training.optimizers.record(optimizer).steps:
            self._training.made(optimizer, frame)
        self._training.stalls.ask(self._trace.begins_off)

    def forked(self) -> None:
        """A forked child goes on from nothing where children are followed, and
        unwatched where not.
        """
        was_on = self._on
        self._phases.end()
        self._off()
        self._training.end()
        if was_on and self._settings.children:
            self._again()
            self.begin()

    def end(self, *, broken: bool = False) -> None:
        """The process exits; ``broken`` where the script itself says that something went wrong."""
        was_on = self._on
        broken = broken or getattr(sys, "last_value", None) is not None
        self._phases.end()
        self._off()
        if os.getpid() == self._settings.root and not self._aside:
            grads = f"torch.autograd.grad was called {in_times(self._grads)}" if self._grads else ""
            why = self._functional.in_words() if self._functional else grads
            self._account.say_unseen(self._count, why, was_on=was_on)
        self._guarded(self._reader.take_moved_by_hand)
        if self._functional or self._training.calls:
            early = self._aside or (broken and self._count < _UNSETTLED)
            self._account.end(early=early, stopped=self._stopped, error=_what_ended())
        self._training.end()

    def _off(self) -> None:
        """Put everything back as it was.

        Where that is interrupted, the next call goes on with it.
        """
        global _watching
        if not self._on:
            return
        self._undo.close()
        self._trace.end()
        self._training.rest()
        if self._hooks is not None:
            self._hooks.remove()
        self._on, _watching = False, None

    def _stand_aside(self) -> None:
        """The script traces itself: leave the rest of it to that."""
        at = line_of(sys._getframe(1))
        self._phases.end()
        self._over = self._aside = True
        self._guarded(self._off)
        self._account.say(f"The script traces itself{at}, so gradviz run watches no further.\n")

    def _retrace(self) -> None:
        """Trace where the next call is wanted, and only there."""
        # One forward may serve all calls up to a step: the trace has to begin before the first
        ahead = max(
            len(self._rounds.numbers) + 1,
            0 if self._rounds.has_stepped else _UNSETTLED - self._count,
        )
        (self._trace.begin if self._is_wanted(ahead) else self._trace.end)()

    def _is_wanted(self, ahead: int) -> bool:
        """Say whether some of the next calls is wanted, of those that one forward may serve."""
        numbers = range(1, max(ahead, self._rounds.most) + 1)
        return not self._over and any(self._plan.wants(self._count + number) for number in numbers)

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
                self._phases.end()
                self._off()
            self._on = False
            if not is_own(error):  # what a signal handler raised goes on to the script
                raise
            warn(error, self._voice)

    # Calls

    def _before_call(self, which: str) -> None:
        awaits = (
            not self._settings.stop
            and not self._rounds.judged
            and len(self._rounds.numbers) < _PATIENCE
        )
        if self._over and which != "grad" and not self._rounds.stepping and not awaits:
            self._off()
            self._stop_if_asked(now=True)
        elif self._on and which != "grad" and self._plan.wants(self._count + 1):
            ranks.begin(self._count + 1, self._settings)

    def _called(
        self, frame: FrameType, args: Any, kwargs: Any, error: Exception | None, out: Any
    ) -> None:
        """A backward call has ended."""
        if not self._on or (self._over and self._rounds.stepping):
            return
        self._count += 1
        self._rounds.called(self._count)
        if self._over:
            if self._count & (self._count - 1) == 0:  # what is trained by hand may move late
                self._training.look_again(at_backward=True)
            return
        if self._plan.wants(self._count):
            self._training.looking = True
            if self._plan.takes(self._count, self._rounds.stepping) and self._record is not None:
                self._record.begins_round()
            if not self._tell(CallKind.BACKWARD, self._count, frame, args, kwargs, error):
                self._off()
                self._training.end()
                return
        self._over = self._plan.is_over(self._count)
        self._retrace()
        if self._over and self._looks_for_phases:
            self._phases.await_next()

    def _differentiated(
        self, frame: FrameType, args: Any, kwargs: Any, error: Exception | None, out: Any
    ) -> None:
        """``torch.autograd.grad`` was called: to train where it asks for parameters."""
        look = None if self._count else self._reader.read_models
        self._training.touches.beside.taken(inputs := _inputs(args, kwargs, 1))
        if not self._on or self._over or self._functional.takes(frame, look):
            return
        if not any(isinstance(tensor, torch.nn.Parameter) for tensor in inputs):
            self._reader.read_plain(inputs, frame, self._count)
            return
        self._grads += 1
        if self._grads <= _GRADS:
            self._tell(CallKind.GRAD, self._grads, frame, args, kwargs, error)

    def _tell(
        self, kind: CallKind, number: int, frame: FrameType, args: Any, kwargs: Any, error: Any
    ) -> bool:
        """Report on a call. Return whether that was possible."""
        keyword, place = ("tensors", 4) if kind is CallKind.BACKWARD else ("outputs", 1)
        losses, asked = _losses(args, kwargs, keyword), _inputs(args, kwargs, place)
        ended = Ended(kind, number, frame, losses, asked, error)
        call = self._reader.read(ended, self._trace.own())
        if call is None:
            return False
        if self._news:
            self._account.say(self._news)
            self._news = ""
        if kind is CallKind.BACKWARD:
            self._rounds.batch.append(call)
        is_new = self._account.call(call)
        if kind is CallKind.BACKWARD:
            self._plan.reported(new=is_new)
        return True

    # Steps

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self._on:
            if self._functional and not self._count and not self._rounds.has_stepped:
                self._guarded(self._reader.read_held, sys._getframe(1))
            self._rounds.steps(optimizer)
            if len(args) > 1 or kwargs.get("closure") is not None:
                return  # the closure's calls are yet to come
            self._guarded(
                partial(self._judge, prevented=self._over and self._settings.stop), optimizer
            )
            if self._over and self._rounds.judged:
                self._stop_if_asked(now=True)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self._on and id(optimizer) in self._rounds.stepping:
            self._guarded(self._judge, optimizer)  # a closure called backward
            self._rounds.stepping.remove(id(optimizer))
            is_watched = self._training.looking
            self._plan.steps(id(optimizer))
            self._guarded(self._account.record, self._plan.wants(self._count + 1))
            if self._awaited is None:
                self._plan.stepped = self._training.all_stepped
            elif id(optimizer) == self._awaited:
                self._plan.ends_round(self._count)
            if self._settings.until_stepped and not self._over and self._plan.is_over(self._count):
                self._over = True
                self._retrace()
            self._over |= bool(self._news) and self._rounds.in_vain >= MOST_OF_PHASE
            if is_watched:  # else nothing is new
                self._guarded(self._account.trained)
            if self._rounds.cycle is not None and not self._is_wanted(self._rounds.cycle):
                self._guarded(self._trace.end)  # what is compiled runs compiled until the next
            if self._over and self._rounds.judged:
                self._stop_if_asked(now=True)

    def _judge(self, optimizer: Optimizer, *, prevented: bool = False) -> None:
        rounds = self._rounds
        if id(optimizer) in rounds.judged:
            return
        rounds.judged.add(id(optimizer))
        if rounds.batch:  # else none of the calls before this step was reported on
            optimizers = self._reader.optimizers(optimizer, sys._getframe(2))
            self._account.step(
                optimizer, optimizers, rounds, is_last=self._over, prevented=prevented
            )

    def _stop_if_asked(self, *, now: bool = False) -> None:
        """End the script where that was asked for.

        Once what steps next is known, or nothing can step.
        """
        is_last = now or self._rounds.stepping or not self._account.kept.may_step
        if self._settings.stop and self._over and is_last:
            self._stopped = True
            self._off()
            raise SystemExit(0)


def _news_of(event: str, first: int) -> str:
    """Return that a phase begins, with the number of its first call."""
    return (
        f"{event}, after the calls that were watched: those that follow are watched too, and"
        f" numbered on from backward {first}; those in between have no number.\n"
    )


def _what_ended() -> str:
    """Return type and text of the exception that ended the script; empty where none did."""
    error = getattr(sys, "last_value", None)
    return "" if error is None else described(error)


def _told_of(watch: Watch, owner: Any, which: str, then: Callable[..., None]) -> Callable[..., Any]:
    """Return what stands in for a call of torch, and tells a watch of it."""
    # The trace's own seam lies below ours, so that it has seen the call by the time that we
    # report on it.
    original = getattr(owner, which)
    is_lowest = owner is torch.autograd and which == "backward"
    function = around_backward(original) if is_lowest else original

    @uncounted
    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        if (
            not watch._on
            or getattr(watch._inside, "yes", False)
            or torch_inside.current_node() is not None
        ):
            try:
                return function(*args, **kwargs)
            except BaseException as error:
                leave_out_caller(error)
                raise
        watch._inside.yes = True
        args, kwargs = _as_read_twice(args, kwargs) if which == "grad" else (args, kwargs)
        try:
            watch._guarded(watch._before_call, which)
            out = function(*args, **kwargs)
        except Exception as error:
            watch._guarded(then, sys._getframe(1), args, kwargs, error, None)
            leave_out_caller(error)
            raise
        else:
            watch._guarded(then, sys._getframe(1), args, kwargs, None, out)
        finally:
            watch._inside.yes = False
        watch._stop_if_asked()
        return out

    return watching


def _as_read_twice(args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Return the arguments of ``torch.autograd.grad`` with a tuple for the iterator that
    ``net.parameters()`` is: torch makes one of it too, and what it has read is gone.
    """
    if len(args) > 1 and isinstance(args[1], Iterator):
        return (args[0], tuple(args[1]), *args[2:]), kwargs
    if isinstance(kwargs.get("inputs"), Iterator):
        return args, {**kwargs, "inputs": tuple(kwargs["inputs"])}
    return args, kwargs


def _inputs(args: Any, kwargs: Any, place: int) -> tuple[Tensor, ...]:
    """Return the tensors that a backward was to give gradient to; empty for all."""
    value = args[place] if len(args) > place else kwargs.get("inputs")
    return (
        (value,)
        if isinstance(value, Tensor)
        else tuple(tensor for tensor in value or () if isinstance(tensor, Tensor))
    )


def _losses(args: Any, kwargs: Any, keyword: str = "tensors") -> tuple[Tensor, ...]:
    """Return what a backward began from; for ``Tensor.backward`` that is the first argument too."""
    value = args[0] if args else kwargs.get(keyword, kwargs.get("self"))
    if isinstance(value, Tensor):
        return (value,)
    return tuple(tensor for tensor in value or () if isinstance(tensor, Tensor))
