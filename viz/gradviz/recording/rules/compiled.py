"""Torch has compiled and run something while the trace stood aside."""

from types import FrameType
from typing import Any

from gradviz.recording.compiling import values_in
from gradviz.recording.recorder import Recorder
from gradviz.recording.rule import Function
from gradviz.recording.rules.ordinary import after
from gradviz.recording.torch_inside import without_torch_function


def ran_aside(
    recorder: Recorder, name: str, arguments: Any, out: Any, frame: FrameType | None, first: int
) -> None:
    """Torch has compiled and run something while the trace stood aside.

    One operation of all that it read.
    """
    if recorder.failure or frame is None:
        return
    try:
        with without_torch_function():
            recorder.first_node = first
            for result in out if isinstance(out, (tuple, list)) else (out,):
                after(
                    recorder,
                    Function(name),
                    (values_in(arguments),),
                    {},
                    result,
                    None,
                    frame,
                )
    except BaseException as failure:
        recorder.failed(failure)
