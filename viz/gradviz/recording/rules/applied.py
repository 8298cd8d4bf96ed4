"""A custom Function inside ``torch.func``, which torch applies where no trace sees its forward.

The tensors that ``apply`` is handed as arguments of their own are edges of its node. One inside a
tuple goes in too where the forward surely reads its numbers, and one from around the forward:
gradient does not come back along these. Of what the source does not tell, nothing is sure.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from types import CodeType
from typing import Any

from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.calls.severing import block_of, write_down
from gradviz.recording.calls.transforms import plain
from gradviz.recording.entries.records import Call, Exit
from gradviz.recording.reading.by_value import parts_in
from gradviz.recording.reading.functions import methods_of, values_around
from gradviz.recording.rules.called_back import took_part
from gradviz.recording.rules.ordinary import after
from gradviz.recording.tensor_state import is_recorded


def _after_applied(call: TorchCall) -> None:
    recorder, rule, (function, *given), kwargs, out, _, frame = call
    own = [item for item in given if isinstance(item, Tensor)]
    held = [item for item in given if not isinstance(item, Tensor)]
    read = _read(function.forward, given)
    took_part(recorder, rule.name, (*methods_of(function), *held), (*own, *read), frame)
    _doubt(call, [item for item in _all_held(function.forward, held) if not _is_in(item, read)])
    inputs = inputs_of(recorder, plain(read), kwargs)
    if not any(live for _, live in inputs) or block_of(recorder) is not None:
        after(call._replace(args=(*own, *read)))
        return
    after(call._replace(args=tuple(own), kwargs={}))
    stack = replace(recorder.stacks.look_around(frame), function=function.__name__, lasting=False)
    for result in tensors_in((out,)):
        if is_recorded(result) and result.grad_fn is not None:
            captured = Call(
                rule.name, CutKind.CUSTOM_FUNCTION, "", inputs, stack.spot, inside=stack
            )
            recorder.tape.stamp(result.grad_fn, stack.spot, (recorder.tape.call(captured),))
        else:
            all_of_it = inputs_of(recorder, plain((*own, *read)), kwargs)
            write_down(recorder, rule.name, CutKind.CUSTOM_FUNCTION, all_of_it, stack, result)


def _read(forward: Any, given: Sequence[Any]) -> list[Tensor]:
    """Return the tensors whose numbers a forward surely reads, from around it or inside of what it
    is given.
    """
    code = getattr(forward, "__code__", None)
    if not isinstance(code, CodeType):
        return []
    arguments = dict(zip(code.co_varnames[: code.co_argcount], given, strict=False))
    values = {**values_around(forward), **arguments}
    read: list[Tensor] = []
    for name, part in parts_in(code):
        value = values.get(name)
        if isinstance(value, tuple | list | dict) and part is not None:
            with suppress(LookupError, TypeError):
                value = value[part]
        if isinstance(value, Tensor) and value is not arguments.get(name):
            read.append(value)
    return read


def _all_held(forward: Any, held: Sequence[Any]) -> list[Tensor]:
    captured = values_around(forward).values()
    return [*tensors_in((*held, *(item for item in captured if isinstance(item, Tensor))))]


def _is_in(tensor: Tensor, tensors: Sequence[Tensor]) -> bool:
    return any(tensor is other for other in tensors)


def _doubt(call: TorchCall, tensors: Sequence[Tensor]) -> None:
    """The forward may have read tensors, or their shape alone."""
    inputs = inputs_of(call.recorder, plain(tensors), {})
    if any(live for _, live in inputs):
        stack = call.recorder.stacks.look_around(call.frame)
        serial = write_down(call.recorder, call.function.name, None, inputs, stack, None)
        call.recorder.tape.left(serial, Exit.NUMBER)


RULES = {"custom_function_call": Rule("custom_function_call", _after_applied)}
