"""What an optimizer's step brings into a leaf: all that the gradients were made of.

Of a model's own parameters that is training, and tells nothing of the next loss. Of a leaf that
is no parameter of the model it is a way into the loss, as an inner loop takes it. What the
optimizer remembers, a running mean of the gradients, is made of them too.
"""

from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

from torch import Tensor, nn

from gradviz.graph import CutKind
from gradviz.recording.entries.records import Call, Inputs
from gradviz.recording.gradients import reaches
from gradviz.recording.reading import where
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import history
from gradviz.system.walk import walk

_VALUES = 4096  # that one step is made of and are looked at
_BACKWARD = "backward"  # the name of a call that stands for what a backward left in .grad


def stepped(tape: Tape, target: Tensor, settings: tuple[int, ...]) -> None:
    """An optimizer of torch has moved a leaf by its gradient, and by settings that left torch."""
    number = tape.leaf_number(target) if target.requires_grad else None
    gradient = target.grad if number else None
    if number and gradient is not None:
        assigned = tape.origin(gradient)
        brought = () if assigned is None or _is_of_backward(tape, assigned) else (assigned,)
        _, before = tape.stepped.get(number, (0, ()))
        kept = tuple(dict.fromkeys((*before, *brought, *settings)))
        tape.stepped[number] = (len(tape.backwards), kept)


def trained(tape: Tape, target: Tensor, serial: int, inputs: Inputs) -> None:
    """A script has written into a leaf, or into its ``.data``: a step of its own, if that is
    nothing but gradients.
    """
    made = tape.calls.get(tape.origin(target) or 0)
    leaf = made.inputs[0][0] if made is not None and made.kind is CutKind.DATA else 0
    if target.requires_grad and history(target) is None:
        leaf = tape.leaf(target)
    if leaf in tape.leaves and all(_is_of_gradients(tape, number, leaf) for number, _ in inputs):
        tape.trained[serial] = leaf


def _is_of_gradients(tape: Tape, number: int, leaf: int) -> bool:
    def made_of(current: int) -> Iterator[int]:
        if current not in tape.of_gradients and not _is_of_backward(tape, current):
            call = tape.calls.get(current)
            yield from (() if call is None else (before for before, _ in call.inputs))

    values = list(walk([number], made_of, most=_VALUES))
    if len(values) >= _VALUES or not all(
        value == leaf or (value in tape.calls and tape.calls[value].inputs) for value in values
    ):
        return False
    tape.of_gradients.update(values)
    return True


def settings_of(frame: FrameType | None) -> tuple[Any, ...]:
    """Return the settings of the group that an optimizer of torch steps, its learning rate among
    them.
    """
    while frame is not None and where.is_optimizer(frame.f_code.co_filename):
        group = where.variables(frame, "group").get("group")
        if isinstance(group, dict):
            return tuple(value for name, value in group.items() if name != "params")
        frame = frame.f_back
    return ()


def keeps(tape: Tape, state: Iterable[Tensor], inputs: Inputs) -> None:
    """An optimizer of torch has put gradients into what it remembers of a leaf, or into a parameter
    that is frozen by now: what backwards alone have brought is the training of that one.
    """
    for tensor in state:
        trains = isinstance(tensor, nn.Parameter)
        for number, _ in inputs:
            if not (trains and _is_of_gradients(tape, number, 0)):
                tape.set_origin(tensor, number)
                break


def to_be_stepped(tape: Tape, gradient: Tensor) -> None:
    """An optimizer of torch reads a gradient: of the last backward, if nobody knows better."""
    before = tape.origin(gradient)
    if before is None or _is_of_backward(tape, before):
        tape.set_origin(gradient, _call_of(tape, len(tape.backwards) - 1))


def _is_of_backward(tape: Tape, number: int | None) -> bool:
    call = None if number is None else tape.calls.get(number)
    return call is not None and call.name == _BACKWARD


def moved_by(tape: Tape, number: int) -> tuple[int, ...]:
    """Return the numbers of the calls that made the gradients that a leaf was moved by."""
    count, assigned = tape.stepped.get(number, (0, ()))
    brought = (
        _call_of(tape, index)
        for index, backward in enumerate(tape.backwards[:count])
        if reaches(backward, number)
    )
    return (*assigned, *brought)


def is_inner_loop(tape: Tape, number: int) -> bool:
    """Say whether a leaf was moved in a loop of its own: several steps in a row, after backwards
    that all reach it, and it is no parameter. One step of another network, in its turn, is none.
    """
    count, _ = tape.stepped.get(number, (0, ()))
    turns = [i for i, backward in enumerate(tape.backwards[:count]) if reaches(backward, number)]
    in_a_row = turns == [*range(count - len(turns), count)]
    return len(turns) > 1 and in_a_row and not tape.leaves[number].is_parameter


def _call_of(tape: Tape, index: int) -> int:
    """Return the number of the call that stands for what a backward left in ``.grad``."""
    number = tape.gradients.get(index)
    if number is None:
        backward = tape.backwards[index]
        inputs = tuple((root, True) for root in backward.roots)
        call = Call(_BACKWARD, CutKind.GRAD_WITHOUT_GRAPH, "backward()", inputs, backward.spot)
        number = tape.gradients[index] = tape.call(call)
    return number
