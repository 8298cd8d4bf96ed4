"""Another process is handed something: what it computes is out of sight."""

from types import FrameType
from typing import Any

from gradviz.graph import CutKind
from gradviz.recording import elsewhere
from gradviz.recording.arguments import as_array
from gradviz.recording.inputs import inputs_of
from gradviz.recording.recorder import Recorder
from gradviz.recording.records import Call, Exit
from gradviz.recording.severing import write_down


def handed(recorder: Recorder, name: str, things: Any, frame: FrameType) -> None:
    """Another process is handed something, by which it may come to values of interest."""
    tensors = elsewhere.tensors_within(things)
    inputs = inputs_of(recorder, tensors, {})
    if not inputs:
        return
    serial = write_down(
        recorder,
        name,
        CutKind.NEW_TENSOR,
        inputs,
        recorder.stacks.look_around(frame),
        None,
    )
    recorder.escapes.any = True
    for tensor in tensors:
        if recorder.tape.origin(tensor) is not None:
            recorder.escapes.values.left(as_array(tensor), serial)
    recorder.tape.left(serial, Exit.DATA)


def forked(recorder: Recorder, frame: FrameType) -> None:
    """The process was copied, with every value, and the copy may write into memory of both."""
    tape, spot = recorder.tape, recorder.stacks.look_around(frame).spot
    tape.forks.append(tape.call(Call("fork", None, "os.fork()", (), spot)))
    recorder.escapes.any = True
    recorder.met.forget_all()
