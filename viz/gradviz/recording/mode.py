"""Sees every torch call of one thread and has a rule put on the tape what matters.

The common case, a call whose inputs and outputs are all part of the autograd graph, costs a line in
a list: autograd keeps the rest. Only calls that autograd does not record are written down, and only
if a value of interest went in: one that requires grad, one that was severed before, or a frozen
parameter.
"""

import gc
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FrameType,
    FunctionType,
    MethodDescriptorType,
    WrapperDescriptorType,
)
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from gradviz.graph import CutKind
from gradviz.recording import torch_inside
from gradviz.recording.calls import transforms
from gradviz.recording.calls.arguments import as_array
from gradviz.recording.calls.memory import pin, replaced, write_at
from gradviz.recording.calls.overwritten import is_overwritten
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.entries.records import Call
from gradviz.recording.locked import Locked
from gradviz.recording.reading.where import INSIDE, behind_torch_modes, level
from gradviz.recording.recorder import Recorder
from gradviz.recording.rules import rule_of
from gradviz.recording.rules.called_back import took_part
from gradviz.recording.rules.transformed import after_transformed
from gradviz.recording.step_watch import GradientTouches
from gradviz.recording.tape import Tape
from gradviz.recording.torch_inside import (
    dispatch_modes,
    other_modes,
    sequence_number,
    without_torch_function,
)
from gradviz.recording.unseen.inner_code import of_types_and_modes
from gradviz.recording.unseen.on_behalf import OnBehalf, as_warned_alone
from gradviz.system.frames import leave_out_caller, uncounted

_AS_IT_IS: AbstractContextManager[Any] = nullcontext()
_PLAIN = frozenset(
    (torch.Tensor, torch.nn.Parameter)
)  # classes of tensors without code of their own


class RecordingMode(Recorder, TorchFunctionMode):
    """Watches one thread's torch calls for a tape.

    If it fails itself, it stops watching and keeps the reason.
    """

    def __init__(self, tape: Tape, touches: GradientTouches) -> None:
        TorchFunctionMode.__init__(self)
        Recorder.__init__(self, tape, touches)
        self.children: list[RecordingMode] = []  # of the threads that this one started
        self._rules: dict[Any, Rule | None] = {}
        # Of functions that were put in place of torch's
        self._instead: dict[Any, Callable[..., Any]] = {}
        self.on_behalf = OnBehalf()

    @uncounted
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        try:
            if self._instead:
                func = self._instead.get(func, func)
            rule = self._rules[func]
        except KeyError:
            original = original_of(func, sys._getframe(1))
            if original is not func:
                self._instead[func] = func = original
            rule = self._rules[func] = rule_of(func)
        except TypeError:  # an unhashable callable
            rule = None
        frame = sys._getframe(1)
        if frame.f_code.co_name == "__torch_function__":
            frame = behind_torch_modes(frame)
        if "_stacklevel" in kwargs:
            kwargs = as_warned_alone(kwargs)
        make = self.on_behalf.maker(frame)
        if rule is None or self.failure:
            try:
                return make(func, args, kwargs)
            except BaseException as error:
                leave_out_caller(error)
                raise
        unseen = self._unseen(types)
        before = None
        is_wrapped = torch_inside.is_transforming()
        given, named = transforms.plain((args, kwargs)) if is_wrapped else (args, kwargs)
        if rule.before is not None or self.exposed.windows:
            try:
                with unseen:
                    if self.exposed.windows:
                        look_outside(self, given, named, frame)
                    if rule.before is not None:
                        before = rule.before(self, given, named)
            except BaseException as failure:
                self.failed(failure)
        self.first_node = sequence_number()
        try:
            out = make(func, args, kwargs)
        except BaseException as error:
            leave_out_caller(error)
            raise
        try:
            if unseen is not _AS_IT_IS:
                self._look_inside(rule.name, types, (args, kwargs), frame, unseen)
            with unseen:
                call = TorchCall(self, rule, given, named, out, before, frame)
                if is_wrapped:
                    after_transformed(call, args)
                else:
                    rule.after(call)
        except BaseException as failure:
            self.failed(failure)
        return out

    def _unseen(self, types: Any) -> AbstractContextManager[Any]:
        """Return a context in which nobody sees what is asked of a tensor: no mode of the user's,
        and no subclass.
        """
        own = (types and not _PLAIN.issuperset(types)) or other_modes() or dispatch_modes()
        unseen = without_torch_function() if own else _AS_IT_IS
        return unseen if self.lock is None else Locked(self.lock, unseen)

    def _look_inside(
        self,
        name: str,
        types: Any,
        given: tuple[Any, Any],
        frame: FrameType,
        unseen: AbstractContextManager[Any],
    ) -> None:
        """Take note of what the user's modes and subclasses may have read in a call."""
        code = of_types_and_modes(types)
        if code:
            with unseen:
                took_part(self, name, code, (*given[0], *given[1].values()), frame)

    def end(self) -> None:
        """Let every call pass from here on, should torch ask again.

        It puts a mode back that was running as the trace ended.
        """
        self._rules = defaultdict(lambda: None)
        self._instead.clear()
        self.on_behalf.forget()
        self.inner_code.forget()
        while self.children:
            self.children.pop().end()

    def leave_blocks(self) -> None:
        """Put grad mode back, where an interrupt has kept the block from ending that switched it
        off.
        """
        switch = self.switch
        left_open = switch is not None and (switch.library or not switch.set_by_function)
        if left_open and self.grad_at_start and not torch.is_grad_enabled():
            with without_torch_function():
                torch_inside.set_grad_enabled(True)


# What something beside torch wrote into the memory of a tensor that was given out.


def look_outside(recorder: Recorder, args: Any, kwargs: Any, frame: FrameType) -> None:
    """Take note of what something beside torch wrote into the memory of what goes in."""
    for tensor, window in recorder.exposed.changed((*args, *kwargs.values()) if kwargs else args):
        if is_overwritten(recorder, tensor, window, frame):
            replaced(recorder.tape, tensor)
            recorder.met.is_new(tensor)  # what is in it is known from here on
        sources = dict.fromkeys(
            source for site in window.sites for source in recorder.escapes.written(*site, frame)
        )
        if not sources:
            sources = dict.fromkeys(recorder.escapes.values.sources(as_array(tensor)))
        if not sources:
            recorder.came_in()
        else:
            inputs = tuple((source, False) for source in sources)
            call = Call(
                "numpy",
                CutKind.NUMPY,
                "numpy()",
                inputs,
                recorder.stacks.look_around(frame).spot,
            )
            tape = recorder.tape
            write_at(
                tape,
                pin(tape, tensor),
                window.low,
                window.high,
                tape.call(call),
            )


# Which function torch means where somebody put another in its place.


_KINDS_OF_TORCH = ("builtins", "torch")  # where the kinds of its callables are from
_OF_TORCH = (BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType)


def original_of(function: Any, frame: FrameType) -> Callable[..., Any]:
    """Return the function that runs, for one that torch handed to a mode.

    Args:
        function: What torch handed over.
        frame: From which it did.
    """
    code = function.__code__ if type(function) is FunctionType else None
    if code is not None:
        if level(code.co_filename) == INSIDE:
            return function  # type: ignore[no-any-return]
    elif str(type(function).__module__).partition(".")[0] in _KINDS_OF_TORCH:
        return function  # type: ignore[no-any-return]
    running = (
        frame.f_back.f_code
        if frame.f_code is torch_inside.HAND_OVER and frame.f_back is not None
        else None
    )
    if running is not None and frame.f_back is not None:
        return function if running is code else _with_code(running) or _made_again(frame.f_back)
    return _in_c(function) or function


def _with_code(code: CodeType) -> Callable[..., Any] | None:
    return next(
        (
            referrer
            for referrer in gc.get_referrers(code)
            if type(referrer) is FunctionType and referrer.__code__ is code
        ),
        None,
    )


def _made_again(frame: FrameType) -> Callable[..., Any]:
    """Return a function like the one that a frame runs.

    The collector does not show the function itself once ``gc.freeze()`` was called. Torch hands
    over every argument by name, so that its defaults are not needed.
    """
    code = frame.f_code
    cells = tuple(CellType(frame.f_locals[name]) for name in code.co_freevars)
    return FunctionType(code, frame.f_globals, code.co_name, None, cells)


def _in_c(function: Any) -> Callable[..., Any] | None:
    """Return the method in C that a function was put in place of."""
    name = next((name for name, value in vars(torch.Tensor).items() if value is function), None)
    own = None if name is None else getattr(torch_inside.TensorBase, name, None)
    return own if type(own) in _OF_TORCH else None
