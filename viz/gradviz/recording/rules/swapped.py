"""Two tensors exchange what they are, as ``torch.utils.swap_tensors`` does."""

from torch import Tensor

from gradviz.recording.ancestry import without_leaf
from gradviz.recording.identity import Facts
from gradviz.recording.tape import Tape


def swapped(
    tape: Tape, tensors: tuple[Tensor, Tensor], before: tuple[Facts | None, Facts | None]
) -> None:
    """Take note that two tensors have exchanged their contents, and so the calls that made
    these.

    Args:
        tensors: The two.
        before: What was known of them.
    """
    tape.tensors.swapped(*tensors, before)
    for tensor, other in zip(tensors, reversed(before), strict=True):
        if other is not None and other.alias is not None:
            tape.set_alias(tensor, other.alias)
        for number in (
            ()
            if other is None or not other.origin
            else without_leaf(tape, other.origin, tape.leaf_number(tensor) or 0)
        ):
            tape.set_origin(tensor, number)
