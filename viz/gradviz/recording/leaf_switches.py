"""Where ``requires_grad`` of a leaf was set, and where it was made after others had been frozen."""

from torch import Tensor

from gradviz.recording.identity import Switched
from gradviz.recording.tape import Tape
from gradviz.recording.where import NOWHERE, Spot


def switched(tape: Tape, leaf: Tensor, spot: Spot, caller: Spot = NOWHERE) -> None:
    """Take note of the line that set requires_grad of a leaf, where that froze it or thawed it
    again.
    """
    known = tape.tensors.know(leaf)
    on, before = leaf.requires_grad, known.switch
    if on != (before is None or before.on):  # else as it was before
        froze = spot if not on else NOWHERE if before is None else before.froze
        known.switch = Switched(on, spot, caller, froze)
        tape.froze = tape.froze or not on


def born(tape: Tape, parameter: Tensor, spot: Spot) -> None:
    """Take note of the line that made a parameter after others had been frozen."""
    tape.tensors.know(parameter).born = spot


def born_at(tape: Tape, parameter: Tensor) -> Spot:
    """Return the line that made a parameter, if others had been frozen by then.

    Else nowhere.
    """
    known = tape.tensors.find(parameter)
    return NOWHERE if known is None or known.born is None else known.born


def switched_at(tape: Tape, leaf: Tensor) -> Switched:
    """Say what froze a leaf, or thawed it again.

    Nowhere, where it was not seen or is not so any more.
    """
    known = tape.tensors.find(leaf)
    if known is None or known.switch is None or known.switch.on != leaf.requires_grad:
        return Switched(leaf.requires_grad, NOWHERE)
    return known.switch
