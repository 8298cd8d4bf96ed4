"""What moves that in which parameters are kept, and is no step of a forward.

A module's constructor does so with the parameters that it makes itself: a target network begins as
its online network does. What it makes of those that were there before it is a step like any other,
but for what torch's own constructors begin with, as a spectral norm does with a vector.
"""

from collections.abc import Iterator

from gradviz.recording.records import Inputs
from gradviz.recording.tape import Tape
from gradviz.recording.where import Surroundings
from gradviz.system.walk import walk

_VALUES = 256  # that are looked at


def is_upkeep(tape: Tape, stack: Surroundings, inputs: Inputs) -> bool:
    """Say whether a call that some values go into is none of the step's."""
    return stack.optimizer or stack.flattening or is_making(tape, stack, inputs)


def is_making(tape: Tape, stack: Surroundings, inputs: Inputs) -> bool:
    """Say whether a module is being made, and the call takes nothing but parameters of its own, or
    the module is torch's and the call copies none.
    """
    maker = stack.maker
    if not isinstance(maker, int):
        return False
    if not stack.deepcopy and type(tape.modules[maker]()).__module__.startswith("torch."):
        return True
    values = list(
        walk((number for number, _ in inputs), lambda at: _behind(tape, at), most=_VALUES)
    )
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
