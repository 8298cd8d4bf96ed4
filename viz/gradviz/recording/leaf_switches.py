"""Where ``requires_grad`` of a leaf was set, and where it was made after others had been frozen."""

from torch import Tensor

from gradviz.recording.entries.identity import Switched
from gradviz.recording.reading.where import NOWHERE, Spot
from gradviz.recording.tape import Tape

_NOT_SEEN = {on: Switched(on, NOWHERE) for on in (False, True)}


def switched(tape: Tape, leaf: Tensor, spot: Spot, caller: Spot = NOWHERE) -> None:
    """Take note of the line that set requires_grad of a leaf, where that froze it or thawed it
    again.
    """
    facts = tape.tensors.find(leaf)
    on, before = leaf.requires_grad, None if facts is None else facts.switch
    if on != (before is None or before.on):  # else as it was before
        froze = spot if not on else NOWHERE if before is None else before.froze
        tape.tensors.know(leaf).switch = Switched(on, spot, caller, froze)
        tape.froze = tape.froze or not on


def born(tape: Tape, parameter: Tensor, spot: Spot) -> None:
    """Take note of the line that made a parameter after others had been frozen."""
    tape.tensors.know(parameter).born = spot


def born_at(tape: Tape, parameter: Tensor) -> Spot:
    """Return the line that made a parameter, if others had been frozen by then.

    Else nowhere.
    """
    facts = tape.tensors.find(parameter) if tape.froze else None
    return NOWHERE if facts is None or facts.born is None else facts.born


def switched_at(tape: Tape, leaf: Tensor) -> Switched:
    """Say what froze a leaf, or thawed it again.

    Nowhere, where it was not seen or is not so any more.
    """
    facts = tape.tensors.find(leaf) if tape.froze else None
    if facts is None or facts.switch is None or facts.switch.on != leaf.requires_grad:
        return _NOT_SEEN[leaf.requires_grad]
    return facts.switch
