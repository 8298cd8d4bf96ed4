"""What something beside torch wrote into the memory of a tensor that was given out."""

from types import FrameType
from typing import Any

from gradviz.graph import CutKind
from gradviz.recording.arguments import as_array
from gradviz.recording.memory import pin, write_at
from gradviz.recording.recorder import Recorder
from gradviz.recording.records import Call


def look_outside(recorder: Recorder, args: Any, kwargs: Any, frame: FrameType) -> None:
    """Take note of what something beside torch wrote into the memory of what goes in."""
    for tensor, window in recorder.exposed.changed((*args, *kwargs.values()) if kwargs else args):
        sources = dict.fromkeys(
            source for site in window.sites for source in recorder.escapes.written(*site)
        )
        if not sources:
            sources = dict.fromkeys(recorder.escapes.values.sources(as_array(tensor)))
        if not sources:
            recorder.came_in()
        else:
            inputs = tuple((source, False) for source in sources)
            call = Call(
                "numpy",
                CutKind.NUMPY,
                "numpy()",
                inputs,
                recorder.stacks.look_around(frame).spot,
            )
            tape = recorder.tape
            write_at(
                tape,
                pin(tape, tensor),
                window.low,
                window.high,
                tape.call(call),
            )
