"""Two tensors exchange what they are, as ``torch.utils.swap_tensors`` does."""

from collections.abc import Iterator

from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.calls.ancestry import without_leaf
from gradviz.recording.entries.identity import Facts
from gradviz.recording.seams.seam import Called, Seam, seam
from gradviz.recording.tape import Tape


def _facts_of(call: Called) -> tuple[Facts | None, ...]:
    """Return what is known of two tensors, before they are swapped."""
    return tuple(map(call.mode.tape.tensors.find, call.args))


def swapped(
    tape: Tape, tensors: tuple[Tensor, Tensor], before: tuple[Facts | None, Facts | None]
) -> None:
    """Take note that two tensors have exchanged their contents, and so the calls that made
    these.

    Args:
        tape: Of the trace.
        tensors: The two.
        before: What was known of them.
    """
    tape.tensors.swapped(*tensors, before)
    for tensor, facts in zip(tensors, reversed(before), strict=True):
        if facts is None:
            continue
        if facts.alias is not None:
            tape.set_alias(tensor, facts.alias)
        if facts.origin:
            for number in without_leaf(tape, facts.origin, tape.leaf_number(tensor) or 0):
                tape.set_origin(tensor, number)


def _swapped(call: Called) -> None:
    first, second = call.args
    swapped(call.mode.tape, (first, second), call.looked)


def seams() -> Iterator[Seam]:
    """Yield the seams over what swaps tensors."""
    for owner, name in torch_inside.SWAPS:
        yield seam(owner, name, _swapped, before=_facts_of)
