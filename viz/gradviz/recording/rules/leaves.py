"""What is done to a leaf: ``requires_grad`` is set, ``.grad`` is read or assigned to."""

from gradviz.recording.calls.memory import writes
from gradviz.recording.calls.moved import to_be_stepped
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.entries.records import Call
from gradviz.recording.leaf_switches import switched
from gradviz.recording.reading import where
from gradviz.recording.recorder import spot_of


def note_switch(call: TorchCall) -> None:
    """Take note of the line that froze a leaf, or thawed it again, and of what a new leaf was put
    together of.
    """
    leaf, tape = call.args[0], call.recorder.tape
    if leaf.is_leaf:
        switched(tape, leaf, spot_of(call.frame), where.calling(call.frame))
        if leaf.requires_grad and tape.origin(leaf) is None:
            parts = tuple((number, False) for number in dict.fromkeys(writes(tape, leaf)))
            if parts:
                last = tape.calls[parts[-1][0]]
                joined = Call(last.name, None, last.operation, parts, last.spot)
                tape.set_origin(leaf, tape.call(joined))


def _after_set_grad(call: TorchCall) -> None:
    call.recorder.touches.replaced(call.args[0], call.frame)
    call.recorder.gradients.replaced(call.args[0])


def _after_get_grad(call: TorchCall) -> None:
    recorder, args, out, frame = call.recorder, call.args, call.out, call.frame
    if out is None or not recorder.tape.backwards:
        return
    if where.level(frame.f_code.co_filename) != where.INSIDE:
        recorder.touches.read(args[0])
    if not where.is_optimizer(frame.f_code.co_filename):
        recorder.gradients.read(args[0], out)
    elif frame.f_code.co_name == "zero_grad":
        recorder.gradients.replaced(args[0])
    else:
        to_be_stepped(recorder.tape, out)


RULES = {
    "requires_grad_": Rule("requires_grad_", note_switch),
    "requires_grad.__set__": Rule("requires_grad", note_switch),
    "grad.__set__": Rule("grad", _after_set_grad),
    "grad.__get__": Rule("grad", _after_get_grad),
}
