"""A tensor is made of the numbers or the memory of another, unseen by a torch function mode."""

from types import FrameType
from typing import Any

from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording import where
from gradviz.recording.inputs import inputs_of
from gradviz.recording.leaf_switches import born, switched
from gradviz.recording.memory_writes import foreign
from gradviz.recording.recorder import Recorder, spot_of
from gradviz.recording.rules.leaving import came_from_memory
from gradviz.recording.severing import write_down
from gradviz.recording.tensor_state import is_recorded


def rewrapped(recorder: Recorder, name: str, value: Any, out: Tensor, frame: FrameType) -> None:
    """``nn.Parameter(t)`` or ``Variable(t)``: the same memory, no history."""
    if recorder.failure or out is value:
        return
    recorder.tape.tensors.made(out)
    if not out.requires_grad and name == "nn.Parameter":
        switched(recorder.tape, out, spot_of(frame), where.calling(frame))
    elif recorder.tape.froze:
        born(recorder.tape, out, spot_of(frame))
    stack = recorder.stacks.look_around(frame)
    if stack.constructing:
        return
    # The memory is its own as well by now
    inputs = recorder.kinships.of_others(inputs_of(recorder, (value,), {}), out)
    if inputs:
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
    tensors = recorder.tape.tensors
    before = tensors.by_key.get(id(target))
    tensors.moved(target, before)
    if isinstance(value, Tensor):
        inputs = foreign(recorder, inputs_of(recorder, (value,), {}), target)
        stack = recorder.stacks.look_around(frame)
        if inputs and not stack.optimizer:
            write_down(recorder, "set_", CutKind.DATA, inputs, stack, target)
    else:
        came_from_memory(recorder, "set_", target, frame)


def _comes_from(
    recorder: Recorder, name: str, values: tuple[Any, ...], out: Tensor, frame: FrameType
) -> None:
    inputs = inputs_of(recorder, values, {}, frame=frame)
    stack = recorder.stacks.look_around(frame)
    if inputs and not stack.constructing:
        kind = CutKind.NEW_TENSOR if any(live for _, live in inputs) else None
        write_down(recorder, name, kind, inputs, stack, out)
