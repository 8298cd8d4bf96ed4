"""What is read out of ``.grad``.

A value that is made of the loss whose backward left it there, without a graph.
"""

from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording.brought import Backward
from gradviz.recording.entries.records import Call
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import history, is_recorded


class LeftGradients:
    """The gradients that the backwards of one trace left, and which of them were
    taken account of.
    """

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        # By identity of a tensor: how many backwards were over as its .grad was read or replaced
        # last
        self._counted: dict[int, int] = {}

    def replaced(self, tensor: Tensor) -> None:
        """Somebody set a tensor's ``.grad``: what backwards brought before is in it no more."""
        if self._tape.backwards:
            self._counted[id(tensor)] = len(self._tape.backwards)

    def read(self, tensor: Tensor, gradient: Tensor) -> None:
        """Take note of what a gradient that is read is made of."""
        tape = self._tape
        count = self._counted.get(id(tensor), 0)
        if count == len(tape.backwards) or is_recorded(gradient):
            return
        self._counted[id(tensor)] = len(tape.backwards)
        number = tape.leaf_number(tensor) if history(tensor) is None else tape.live(tensor)
        brought = [backward for backward in tape.backwards[count:] if reaches(backward, number)]
        inputs = {(root, True): None for backward in brought for root in backward.roots}
        before = tape.origin(gradient)
        if inputs:
            own = () if before is None else ((before, False),)
            call = Call(
                "backward",
                CutKind.GRAD_WITHOUT_GRAPH,
                "backward()",
                (*inputs, *own),
                brought[-1].spot,
            )
            tape.set_origin(gradient, tape.call(call))


def reaches(backward: Backward, number: int | None) -> bool:
    """Say whether a backward brought gradient to a leaf or step."""
    observation = backward.observation
    return (
        number is not None
        and observation is not None
        and (number in observation.arrivals or number in observation.flows)
    )
