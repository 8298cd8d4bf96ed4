"""Tapes written by hand: no step runs, no torch function is seen."""

from gradviz.recording.records import Call, Stamp, Step
from gradviz.recording.tape import Tape
from gradviz.recording.where import NOWHERE


def step(tape: Tape, number: int, *nexts: int, name: str = "MulBackward0") -> Step:
    """Put an autograd node on a tape that passes gradient to some others."""
    made = tape.steps[number] = Step(name, Stamp(number), nexts, custom=False)
    return made


def call(tape: Tape, number: int, *inputs: int, kind=None, **more) -> Call:
    """Put a call on a tape that autograd did not record; what went in required no grad."""
    pairs = tuple((source, False) for source in inputs)
    made = tape.calls[number] = Call("detach", kind, "detach()", pairs, NOWHERE, **more)
    return made
