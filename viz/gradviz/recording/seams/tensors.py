"""Tensors made out of tensors, arrays or memory, unseen by a torch function mode."""

from collections.abc import Iterator
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.causes import CAUSES
from gradviz.graph import CutKind
from gradviz.recording import torch_inside
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.memory_writes import foreign
from gradviz.recording.calls.severing import write_down
from gradviz.recording.calls.upkeep import is_making
from gradviz.recording.entries.rewritten import MADE
from gradviz.recording.leaf_switches import born, switched
from gradviz.recording.reading import where
from gradviz.recording.recorder import Recorder, spot_of
from gradviz.recording.rules.leaving import array_came_back, came_from_memory, read_back
from gradviz.recording.seams.seam import Called, Seam, about, seam
from gradviz.recording.tensor_state import is_recorded


def _rewrapped(name: str, call: Called) -> None:
    value = call.argument(1, "data")
    if isinstance(call.out, nn.Parameter):
        call.watcher.training.owners.created(call.out, call.frame)
        call.mode.tape.rewritten.memory(call.out, MADE, spot_of(call.frame))
    if isinstance(value, Tensor) and isinstance(call.out, Tensor):
        rewrapped(call.mode, name, value, call.out, call.frame)


def _came_back(call: Called) -> None:
    array_came_back(call.mode, call.args[0], call.out, call.frame)


def _given_memory(call: Called) -> None:
    for value in (*call.args[1:], *call.kwargs.values())[:1]:
        given_memory(call.mode, call.args[0], value, call.frame)


def _aliased(call: Called) -> None:
    aliased(call.mode, "as_subclass", call.args[0], call.out, call.frame)


def _subclass_made(call: Called) -> None:
    # A parameter is told of where it is made
    if len(call.args) > 1 and not isinstance(call.out, nn.Parameter):
        aliased(call.mode, "Tensor._make_subclass", call.args[1], call.out, call.frame)


def _nested(call: Called) -> None:
    copied(call.mode, "torch.nested.nested_tensor", call.args[:1], call.out, call.frame)


def _came_from_memory(entrance: str, call: Called) -> None:
    came_from_memory(call.mode, entrance, call.out, call.frame)


def seams() -> Iterator[Seam]:
    """Yield the seams over what makes such a tensor."""
    yield seam(nn.Parameter, "__new__", about(_rewrapped, "nn.Parameter"), static=True)
    yield seam(torch.autograd.Variable, "__new__", about(_rewrapped, "Variable"), static=True)
    yield seam(torch, "from_numpy", _came_back)
    yield seam(torch.Tensor, "set_", _given_memory)
    yield seam(torch.Tensor, "as_subclass", _aliased)
    for kind, name in torch_inside.SUBCLASSES:
        yield seam(kind, name, _subclass_made, static=True)
    yield seam(torch.nested, "nested_tensor", _nested)
    for entrance in (entrance for cause in CAUSES for entrance in cause.back):
        for owner, name in torch_inside.ENTRANCES[entrance]:
            yield seam(owner, name, about(_came_from_memory, entrance))


# A tensor is made of the numbers or the memory of another, unseen by a torch function mode.


def rewrapped(recorder: Recorder, name: str, value: Any, out: Tensor, frame: FrameType) -> None:
    """``nn.Parameter(t)`` or ``Variable(t)``: the same memory, no history."""
    if recorder.failure or out is value:
        return
    recorder.tape.tensors.made(out)
    if not out.requires_grad and name == "nn.Parameter":
        switched(recorder.tape, out, spot_of(frame), where.calling(frame))
    elif recorder.tape.froze:
        born(recorder.tape, out, spot_of(frame))
    stack, tape = recorder.stacks.look_around(frame), recorder.tape
    if stack.spot.module != -1 and type(out) is nn.Parameter:
        tape.tensors.know(out).formed = spot_of(frame)
    if isinstance(stack.maker, int) and type(out) is nn.Parameter:
        tape.tensors.know(out).maker = stack.maker
        if not value.requires_grad and tape.origin(value) is None:
            return  # as good as all of them: of fresh memory
    # The memory is its own as well by now
    inputs = recorder.kinships.of_others(inputs_of(recorder, (value,), {}), out)
    if inputs and not is_making(recorder, name, inputs, stack):
        write_down(
            recorder,
            name,
            CutKind.DEEPCOPY if stack.deepcopy else CutKind.NEW_TENSOR,
            inputs,
            stack,
            out,
        )


def aliased(recorder: Recorder, name: str, value: Tensor, out: Tensor, frame: FrameType) -> None:
    """``value.as_subclass(kind)`` and what else shares memory.

    Of a value with a history, the result has it too.
    """
    if recorder.failure or out is value or is_recorded(out):
        return
    recorder.tape.tensors.made(out)
    _comes_from(recorder, name, (value,), out, frame)


def copied(
    recorder: Recorder, name: str, values: tuple[Any, ...], out: Tensor, frame: FrameType
) -> None:
    """``torch.nested.nested_tensor(tensors)``: other memory, no history."""
    if not recorder.failure:
        recorder.tape.tensors.made(out)
        _comes_from(recorder, name, values, out, frame)


def given_memory(recorder: Recorder, target: Tensor, value: Any, frame: FrameType) -> None:
    """``target.set_(value)``: a tensor's memory, or a storage that was given out."""
    if value is target:
        return  # it stays what it was
    tensors = recorder.tape.tensors
    before = tensors.by_key.get(id(target))
    tensors.moved(target, before)
    if isinstance(value, Tensor):
        inputs = foreign(recorder, inputs_of(recorder, (value,), {}), target)
        stack = recorder.stacks.look_around(frame)
        if inputs and not stack.optimizer:
            write_down(recorder, "set_", CutKind.DATA, inputs, stack, target)
    elif where.level(frame.f_code.co_filename) == where.INSIDE:
        read_back(recorder, "set_", target, frame)
    else:
        came_from_memory(recorder, "set_", target, frame)


def _comes_from(
    recorder: Recorder, name: str, values: tuple[Any, ...], out: Tensor, frame: FrameType
) -> None:
    inputs = inputs_of(recorder, values, {}, frame=frame)
    stack = recorder.stacks.look_around(frame)
    if inputs and not is_making(recorder, name, inputs, stack):
        kind = CutKind.NEW_TENSOR if any(live for _, live in inputs) else None
        write_down(recorder, name, kind, inputs, stack, out)
