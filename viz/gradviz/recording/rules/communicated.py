"""A collective wrote what other processes have into plain tensors."""

from collections.abc import Iterable
from types import FrameType

from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording.inputs import inputs_of
from gradviz.recording.memory import written
from gradviz.recording.recorder import Recorder
from gradviz.recording.severing import write_down


def communicated(
    recorder: Recorder,
    name: str,
    outs: Iterable[Tensor],
    inputs: Iterable[Tensor],
    frame: FrameType,
) -> None:
    """A collective wrote into plain tensors."""
    numbers = inputs_of(recorder, tuple(inputs), {})
    if numbers:
        stack = recorder.stacks.look_around(frame)
        for out in () if stack.upkeep else outs:
            serial = write_down(recorder, name, CutKind.COLLECTIVE, numbers, stack, None)
            written(recorder.tape, out, serial, None, over=True)
