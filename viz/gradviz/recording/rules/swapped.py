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
    for tensor, facts in zip(tensors, reversed(before), strict=True):
        if facts is not None and facts.alias is not None:
            tape.set_alias(tensor, facts.alias)
        for number in (
            ()
            if facts is None or not facts.origin
            else without_leaf(tape, facts.origin, tape.leaf_number(tensor) or 0)
        ):
            tape.set_origin(tensor, number)
