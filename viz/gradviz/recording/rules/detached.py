"""A value is taken out of the graph: ``detach_()``, ``.data``, ``tensor.data = value``.

``detach()`` needs no handling of its own: it makes a tensor without a history.
"""

from types import FrameType
from typing import Any

from gradviz.graph import CutKind
from gradviz.recording.identity import Facts
from gradviz.recording.inputs import inputs_of
from gradviz.recording.memory_writes import foreign
from gradviz.recording.recorder import Recorder
from gradviz.recording.rule import Rule
from gradviz.recording.rules.leaves import note_switch
from gradviz.recording.rules.ordinary import ordinary
from gradviz.recording.severing import write_down


def _before_detach_(recorder: Recorder, args: Any, kwargs: Any) -> tuple[int, bool] | None:
    tensor = args[0]
    if tensor.requires_grad:
        if tensor.is_leaf:
            return None  # it is frozen, and severed from nothing
        return recorder.tape.live(tensor), True
    origin = recorder.tape.origin(tensor)
    return None if origin is None else (origin, False)


def _after_detach_(
    recorder: Recorder, rule: Rule, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
) -> Any:
    if before is not None:
        stack = recorder.stacks.look_around(frame)
        write_down(recorder, rule.name, CutKind.DETACH_, (before,), stack, args[0])
        return out
    return note_switch(recorder, rule, args, kwargs, out, before, frame)


def _before_set_data(recorder: Recorder, args: Any, kwargs: Any) -> Facts | None:
    return recorder.tape.tensors.find(args[0])


def _after_set_data(
    recorder: Recorder, rule: Rule, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
) -> Any:
    target, value = args
    recorder.tape.moved(target, before)
    if recorder.touches:
        recorder.touches.moved(target, frame)
    inputs = inputs_of(recorder, (value,), {})
    inputs = foreign(recorder, inputs, target)
    stack = recorder.stacks.look_around(frame)
    recorder.tape.rewritten.memory(target, "data", stack.spot)
    if inputs and not stack.upkeep:
        serial = write_down(recorder, rule.name, CutKind.DATA, inputs, stack, target)
        recorder.tape.dates.gave(serial)
    return out


RULES = {
    "detach_": Rule("detach_", _after_detach_, _before_detach_),
    "data.__get__": ordinary("data"),
    "data.__set__": Rule("data", _after_set_data, _before_set_data),
}
