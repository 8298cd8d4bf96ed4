"""The user's own Python that runs inside one call of torch's: the body of a custom operator, the
function that ``apply_`` is given, the methods of what a tensor is made of.

Torch sets a trace aside for as long as a call lasts that the trace is looking at, so nobody sees
what that code does. But what it may read can be had from the code itself.
"""

from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import Any

from gradviz.recording import torch_inside
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.calls.severing import write_down
from gradviz.recording.entries.records import Exit
from gradviz.recording.recorder import Recorder
from gradviz.recording.unseen.compiling import values_in
from gradviz.recording.unseen.inner_code import of_elements, of_kernel

After = Callable[[TorchCall], None]

_ELEMENTWISE = frozenset(("apply_", "map_", "map2_"))
_MAKES = frozenset(("tensor", "as_tensor", "asarray"))


def and_what_is_called_back(rule: Rule, function: Callable[..., Any]) -> Rule:
    """Return the rule of a function, and if that runs Python code of the user's, one that takes
    note of what the code may read as well.
    """
    body = torch_inside.body_of(function)
    name = getattr(function, "__name__", "")
    if name in _MAKES:
        return Rule(rule.name, partial(_after_made, rule.after), rule.before)
    if body is None and torch_inside.has_own_kernel(function):
        return Rule(rule.name, partial(_after_kernel, rule.after), rule.before)
    if body is None and name not in _ELEMENTWISE:
        return rule
    return Rule(rule.name, _After(rule.after, body), rule.before)


def took_part(
    recorder: Recorder, name: str, code: Sequence[Any], args: Any, frame: FrameType
) -> None:
    """Take note of the leaves that code of the user's may have read in a call of a name, beside
    what the call was given.
    """
    given = {id(item) for item in tensors_in(args)}
    leaves = recorder.inner_code.may_read(code, frame) if code else ()
    read = [leaf for leaf in leaves if id(leaf) not in given]
    if read:
        inputs = tuple((recorder.tape.leaf(leaf), True) for leaf in read)
        stack = recorder.stacks.look_around(frame)
        serial = write_down(recorder, name, None, inputs, stack, None)
        recorder.tape.left(serial, Exit.NUMBER)


def _after_made(after: After, call: TorchCall) -> None:
    code = of_elements(call.args[0]) if call.args else ()
    took_part(call.recorder, call.function.name, code, (), call.frame)
    after(call)


def _after_kernel(after: After, call: TorchCall) -> None:
    code = of_kernel(call.frame)
    took_part(call.recorder, call.function.name, code, call.args, call.frame)
    after(call)


class _After:
    """Called after a function that runs Python code of the user's.

    Takes note that the leaves which that code may read may be in its result.
    """

    def __init__(self, after: After, body: Callable[..., Any] | None) -> None:
        self._after = after
        self._body = body
        # Number of the call that stands for what the body may read; None where it reads nothing
        self._noted: int | None = 0

    def __call__(self, call: TorchCall) -> None:
        exits = call.recorder.tape.exits
        if self._body is None or not (self._noted is None or self._noted in exits):
            self._noted = self._note(call)
        self._after(call)

    def _note(self, call: TorchCall) -> int | None:
        recorder, rule, args, kwargs, _, _, frame = call
        given = {id(item) for item in tensors_in((*args, *kwargs.values()))}
        read = [
            item
            for item in values_in((args[1:] if self._body is None else self._body,))
            if item.requires_grad and item.is_leaf and id(item) not in given
        ]
        inputs = inputs_of(recorder, read, {})
        if not inputs:
            return None
        stack = recorder.stacks.look_around(frame)
        serial = write_down(recorder, rule.name, None, inputs, stack, None)
        recorder.tape.left(serial, Exit.NUMBER)
        return serial
