"""A value leaves torch: as a number, a text, an array, memory. An array comes back."""

from collections.abc import Sequence
from types import FrameType
from typing import Any

from torch import Tensor

from gradviz.causes.pickled import PICKLE
from gradviz.graph import CutKind
from gradviz.recording.calls.arguments import as_array
from gradviz.recording.calls.chains import without_others
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.joined import elements_apart, elements_joined, with_a_source
from gradviz.recording.calls.joints import shown
from gradviz.recording.calls.noting import write_parts_down
from gradviz.recording.calls.relocated import parts_with_a_place
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.calls.severing import write_down
from gradviz.recording.entries.records import Exit, Inputs
from gradviz.recording.outside import exits
from gradviz.recording.reading import where
from gradviz.recording.reading.named_calls import KIND_OF
from gradviz.recording.recorder import Recorder


def _after_escape(call: TorchCall) -> None:
    recorder, rule, args, _, out, _, frame = call
    if rule.name == "__bool__" and where.level(frame.f_code.co_filename) == where.INSIDE:
        return  # torch checks what it was given
    # What is read out of a text is a number
    is_number = rule.name in exits.TEXTS and args[0].numel() == 1
    value = as_array(args[0], waits=True) if is_number else out
    apart = elements_apart(recorder, args[0], value)
    for element, inputs in apart:
        _left(recorder, rule.name, inputs, element, frame)
    if apart:
        return
    value = with_a_source(recorder, args[0], value)
    inputs, _ = shown(recorder, args, args[0], _inputs(recorder, args[:1], frame))
    elements = elements_joined(recorder, args[0], value, inputs)
    serial = (
        _left_joined(recorder, rule.name, elements, value, frame)
        if elements
        else _left(recorder, rule.name, inputs, value, frame)
    )
    if KIND_OF[rule.name] is CutKind.NUMPY:
        _give_out(recorder, args[0], frame, serial)


def _inputs(recorder: Recorder, args: Any, frame: FrameType) -> Inputs:
    """Return what went into a tensor that leaves torch; of one that came in from elsewhere, where
    that came from.
    """
    came_in = recorder.escapes.any and args[0].is_leaf and not args[0].requires_grad
    inputs = inputs_of(recorder, args, {}, frame=frame if came_in else None)
    return without_others(recorder.tape, args, inputs)


def _after_memory(call: TorchCall) -> None:
    recorder, args, frame = call.recorder, call.args, call.frame
    name = exits.name_of_memory(call.function.name, frame)
    if name and not (name != PICKLE and exits.goes_nowhere_from(frame)):
        inputs = inputs_of(recorder, args[:1], {})
        recorder.escapes.as_memory = True
        value = as_array(args[0], waits=name == PICKLE)
        serial = _left(recorder, name, inputs, value, frame)
        if name != PICKLE:  # whoever has the memory may write
            _give_out(recorder, args[0], frame, serial)


def _left(recorder: Recorder, name: str, inputs: Inputs, value: Any, frame: FrameType) -> int:
    """Take note that a value leaves torch that some others went into. Returns the number of the
    call.

    0 where none did.
    """
    if not inputs:
        return 0
    stack = recorder.stacks.look_around(frame)
    serial = write_down(recorder, name, KIND_OF[name], inputs, stack, None)
    recorder.escapes.left(frame, serial, value, text=name in exits.TEXTS)
    # Who is handed an address to look it up may read a number there
    is_data = name in exits.MEMORY and (name == PICKLE or not exits.may_go_nowhere_from(frame))
    way = Exit.DATA if is_data else Exit.NUMBER
    recorder.tape.left(serial, Exit.FILE if name == PICKLE and exits.is_saved(frame) else way)
    return serial


def _left_joined(
    recorder: Recorder,
    name: str,
    elements: Sequence[tuple[Any, Inputs]],
    value: Any,
    frame: FrameType,
) -> int:
    """Take note that several values leave torch side by side. Returns the number that stands for
    all of them.
    """
    stack = recorder.stacks.look_around(frame)
    apart = [
        (element, write_down(recorder, name, KIND_OF[name], inputs, stack, None))
        for element, inputs in elements
    ]
    for _, serial in apart:
        recorder.tape.left(serial, Exit.NUMBER)
    together = recorder.escapes.bundle(tuple(serial for _, serial in apart))
    recorder.escapes.left(frame, together, value, elements=apart)
    return together


def _give_out(recorder: Recorder, tensor: Tensor, frame: FrameType, serial: int) -> None:
    code, lasti, *_ = where.quick(frame)
    if not serial:
        recorder.met.forget(tensor)
    if code is not None:
        recorder.exposed.expose(tensor, (code, lasti), serial)


def array_came_back(recorder: Recorder, array: Any, out: Tensor, frame: FrameType) -> None:
    """``torch.from_numpy(array)``."""
    recorder.tape.tensors.made(out)
    absent = recorder.escapes.arrays.absent
    inputs = inputs_of(recorder, (array,), {}, frame=frame)
    name = "from_numpy"
    parts = parts_with_a_place(recorder, name, (array,), {}, out, inputs, frame)
    if parts is not None:
        write_parts_down(recorder, name, parts, out, (), frame)
    elif inputs:
        write_down(recorder, name, None, inputs, recorder.stacks.look_around(frame), out)
    elif recorder.escapes.arrays.absent > absent:
        recorder.met.is_new(out)  # nothing of what left is in it, and that is known from here on


def read_back(recorder: Recorder, name: str, out: Tensor, frame: FrameType) -> None:
    """``pickle.loads(text)``: torch's own code gives a tensor the memory that it has read, whose
    numbers tell which of those that were pickled it is.
    """
    sources = recorder.escapes.values.sources(as_array(out)) if recorder.escapes.as_memory else ()
    if not sources:
        recorder.came_in()
        came_from_memory(recorder, name, out, frame)
        return
    inputs = tuple((number, False) for number in sources)
    write_down(recorder, name, None, inputs, recorder.stacks.look_around(frame), out)


def came_from_memory(recorder: Recorder, name: str, out: Tensor, frame: FrameType) -> None:
    """``from_dlpack(capsule)``: memory that another library had, which may be a tensor's."""
    owners = recorder.tape.tensors.sharing(out)
    serial = 0 if owners else recorder.exposed.given_out(out)
    inputs = tuple((number, False) for number in owners or ((serial,) if serial else ()))
    if inputs:
        kind = CutKind.DATA if name == "set_" else CutKind.NEW_TENSOR
        write_down(recorder, name, kind, inputs, recorder.stacks.look_around(frame), out)


RULES = {
    **{name: Rule(name, _after_escape) for name in (*exits.NUMBERS, *exits.TEXTS)},
    **{name: Rule(name, _after_memory) for name in exits.MEMORY},
}
