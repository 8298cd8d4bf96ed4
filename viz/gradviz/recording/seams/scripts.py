"""Scripted and traced functions, whose nodes TorchScript makes out of Python's sight."""

from collections.abc import Iterator

from gradviz.recording import torch_inside
from gradviz.recording.rules.scripts import ran_script
from gradviz.recording.seams.seam import Called, Seam, seam


def _first_node(call: Called) -> int:
    """Return where the numbers of its autograd nodes begin."""
    return torch_inside.sequence_number()


def _ran(call: Called) -> None:
    function, args = call.args[0], call.args[1:]
    ran_script(call.mode, function, call.looked, args, call.kwargs, call.out, call.frame)


def seams() -> Iterator[Seam]:
    """Yield the seams over what calls a scripted function or module."""
    for kind in torch_inside.SCRIPTED:
        yield seam(kind, "__call__", _ran, before=_first_node)
