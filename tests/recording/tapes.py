"""Tapes written by hand, or by a single backward: no torch function is seen."""

from torch import Tensor

from gradviz.recording.backwards.observer import Observer
from gradviz.recording.entries.records import Call, Stamp, Step
from gradviz.recording.mode import RecordingMode
from gradviz.recording.reading.where import NOWHERE
from gradviz.recording.tape import Tape


def step(tape: Tape, number: int, *nexts: int, name: str = "MulBackward0") -> Step:
    """Put an autograd node on a tape that passes gradient to some others."""
    made = tape.steps[number] = Step(name, Stamp(number), nexts, custom=False)
    return made


def call(tape: Tape, number: int, *inputs: int, kind=None, **more) -> Call:
    """Put a call on a tape that autograd did not record; what went in required no grad."""
    pairs = tuple((source, False) for source in inputs)
    made = tape.calls[number] = Call("detach", kind, "detach()", pairs, NOWHERE, **more)
    return made


def run(tape: Tape, loss: Tensor) -> int:
    """Run a backward that is watched; return the number of its loss."""
    observer, off = Observer(tape), []
    backward = observer.begin([loss], None, off)
    loss.backward()
    observer.end(backward, None, outermost=True)
    for action in reversed(off):
        action()
    return backward.roots[0]


class NoTouches:
    """Nobody watches gradients."""

    def __bool__(self) -> bool:
        return False


def recorder() -> RecordingMode:
    """Return what records a thread, with nothing on its tape."""
    return RecordingMode(Tape(), NoTouches())
