"""A value is taken out of the graph: ``detach_()``, ``.data``, ``tensor.data = value``.

``detach()`` needs no handling of its own: it makes a tensor without a history.
"""

from typing import Any

from gradviz.causes.pickled import PICKLE
from gradviz.graph import CutKind
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.memory_writes import foreign
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.calls.severing import write_down
from gradviz.recording.calls.upkeep import is_upkeep
from gradviz.recording.entries.identity import Facts
from gradviz.recording.outside.exits import is_pickling
from gradviz.recording.reading.named_calls import KIND_OF
from gradviz.recording.recorder import Recorder
from gradviz.recording.rules.leaves import note_switch
from gradviz.recording.rules.ordinary import after


def _before_detach_(recorder: Recorder, args: Any, kwargs: Any) -> tuple[int, bool] | None:
    tensor = args[0]
    if tensor.requires_grad:
        if tensor.is_leaf:
            return None  # it is frozen, and severed from nothing
        return recorder.tape.live(tensor), True
    origin = recorder.tape.origin(tensor)
    return None if origin is None else (origin, False)


def _after_detach_(call: TorchCall) -> None:
    if call.before is None:
        note_switch(call)
        return
    stack = call.recorder.stacks.look_around(call.frame)
    name, target = call.function.name, call.args[0]
    write_down(call.recorder, name, CutKind.DETACH_, (call.before,), stack, target)


def _after_get_data(call: TorchCall) -> None:
    if not is_pickling(call.frame):
        after(call)
        return
    inputs = inputs_of(call.recorder, call.args, {})
    if inputs:
        stack = call.recorder.stacks.look_around(call.frame)
        write_down(call.recorder, PICKLE, KIND_OF[PICKLE], inputs, stack, call.out)


def _before_set_data(recorder: Recorder, args: Any, kwargs: Any) -> Facts | None:
    return recorder.tape.tensors.find(args[0])


def _after_set_data(call: TorchCall) -> None:
    recorder, frame = call.recorder, call.frame
    target, value = call.args
    if value is target:
        return  # as Module.to() does, where nothing has to be moved
    recorder.tape.moved(target, call.before)
    if recorder.touches is not None:
        recorder.touches.moved(target, frame)
    inputs = inputs_of(recorder, (value,), {})
    inputs = foreign(recorder, inputs, target)
    stack = recorder.stacks.look_around(frame)
    recorder.tape.rewritten.memory(target, "data", stack.spot)
    if inputs and not is_upkeep(recorder, call.function.name, inputs, stack):
        serial = write_down(recorder, call.function.name, CutKind.DATA, inputs, stack, target)
        recorder.tape.dates.gave(serial)


RULES = {
    "detach_": Rule("detach_", _after_detach_, _before_detach_),
    "data.__get__": Rule("data", _after_get_data),
    "data.__set__": Rule("data", _after_set_data, _before_set_data),
}
