"""What is done to a leaf: ``requires_grad`` is set, ``.grad`` is read or assigned to."""

from types import FrameType
from typing import Any

from gradviz.recording import where
from gradviz.recording.leaf_switches import switched
from gradviz.recording.moved import to_be_stepped
from gradviz.recording.recorder import Recorder, spot_of
from gradviz.recording.rule import Rule


def note_switch(
    recorder: Recorder, rule: Rule, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
) -> Any:
    """Take note of the line that froze a leaf, or thawed it again."""
    leaf = args[0]
    if leaf.is_leaf:
        switched(recorder.tape, leaf, spot_of(frame), where.calling(frame))
    return out


def _after_set_grad(
    recorder: Recorder, rule: Rule, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
) -> Any:
    recorder.touches.replaced(args[0], frame)
    recorder.gradients.replaced(args[0])
    return out


def _after_get_grad(
    recorder: Recorder, rule: Rule, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
) -> Any:
    if out is None or not recorder.tape.backwards:
        return out
    if where.level(frame.f_code.co_filename) != where.INSIDE:
        recorder.touches.read(args[0])
    if not where.is_optimizer(frame.f_code.co_filename):
        recorder.gradients.read(args[0], out)
    elif frame.f_code.co_name == "zero_grad":
        recorder.gradients.replaced(args[0])
    else:
        to_be_stepped(recorder.tape, out)
    return out


RULES = {
    "requires_grad_": Rule("requires_grad_", note_switch),
    "requires_grad.__set__": Rule("requires_grad", note_switch),
    "grad.__set__": Rule("grad", _after_set_grad),
    "grad.__get__": Rule("grad", _after_get_grad),
}
