"""What moves that in which parameters are kept, and is no step of a forward.

A module's constructor does so with the parameters that it makes itself: a target network begins as
its online network does. What it makes of those that were there before it is a copy as any other,
unless it makes the model that is asked for: then what it makes may take their place, as a flat
parameter does, and whether they went into a loss is not known. Where it calls a module, to find out
a size or a first output, that is a forward as any other.
"""

from collections.abc import Iterator

from gradviz.recording.calls.severing import write_down
from gradviz.recording.entries.records import Exit, Inputs
from gradviz.recording.reading.where import Surroundings
from gradviz.recording.recorder import Recorder
from gradviz.recording.tape import Tape
from gradviz.system.walk import walk

_VALUES = 256  # that are looked at


def is_upkeep(recorder: Recorder, name: str, inputs: Inputs, stack: Surroundings) -> bool:
    """Say whether a call that some values go into is none of the step's."""
    return stack.optimizer or stack.flattening or is_making(recorder, name, inputs, stack)


def is_making(recorder: Recorder, name: str, inputs: Inputs, stack: Surroundings) -> bool:
    """Say whether a module is being made by a call that copies nothing but what it made itself.

    Takes note of what goes into one where it is not known what becomes of it.
    """
    maker = stack.maker
    if not isinstance(maker, int) or stack.tried:
        return False
    if _makes_all(recorder.tape, maker, inputs):
        return True
    if stack.deepcopy:
        return False
    if _is_of_torch(recorder.tape, maker):
        return True
    serial = write_down(recorder, name, None, inputs, stack, None)
    recorder.tape.left(serial, Exit.NUMBER)
    stack.copier = maker
    return False


def _is_of_torch(tape: Tape, module: int) -> bool:
    return type(tape.modules[module]()).__module__.startswith("torch.")


def _makes_all(tape: Tape, maker: int, inputs: Inputs) -> bool:
    """Say whether the constructor of a module has made all parameters that values are made of."""
    starts = (number for number, _ in inputs)
    values = list(walk(starts, lambda at: _behind(tape, at), most=_VALUES))
    return len(values) < _VALUES and all(
        tape.leaves[value].maker == maker for value in values if value in tape.leaves
    )


def _behind(tape: Tape, number: int) -> Iterator[int]:
    """Yield what a value was made of."""
    step, call = tape.steps.get(number), tape.calls.get(number)
    if step is not None:
        yield from step.nexts
        yield from step.stamp.sources
    elif call is not None:
        yield from (before for before, _ in call.inputs)
