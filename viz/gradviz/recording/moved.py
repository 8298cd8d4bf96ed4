"""What an optimizer's step brings into a leaf: all that the gradients were made of.

Of a model's own parameters that is training, and tells nothing of the next loss. Of a leaf that
is no parameter of the model it is a way into the loss, as an inner loop takes it.
"""

from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording.gradients import reaches
from gradviz.recording.records import Call
from gradviz.recording.tape import Tape


def stepped(tape: Tape, target: Tensor) -> None:
    """An optimizer of torch has moved a leaf by its gradient."""
    number = tape.leaf_number(target) if target.requires_grad else None
    gradient = target.grad if number else None
    if number and gradient is not None:
        assigned = tape.origin(gradient)
        _, before = tape.stepped.get(number, (0, ()))
        kept = before if assigned is None or assigned in before else (*before, assigned)
        tape.stepped[number] = (len(tape.backwards), kept)


def moved_by(tape: Tape, number: int) -> tuple[int, ...]:
    """Return the numbers of the calls that made the gradients that a leaf was moved by."""
    count, assigned = tape.stepped.get(number, (0, ()))
    brought = (
        _call_of(tape, index)
        for index, backward in enumerate(tape.backwards[:count])
        if reaches(backward, number)
    )
    return (*assigned, *brought)


def _call_of(tape: Tape, index: int) -> int:
    """Return the number of the call that stands for what a backward left in ``.grad``."""
    number = tape.gradients.get(index)
    if number is None:
        backward = tape.backwards[index]
        inputs = tuple((root, True) for root in backward.roots)
        call = Call("backward", CutKind.GRAD_WITHOUT_GRAPH, "backward()", inputs, backward.spot)
        number = tape.gradients[index] = tape.call(call)
    return number
