"""Collectives, which write into plain tensors. Watched where ``torch.distributed`` is in use."""

import sys
from collections.abc import Iterable, Iterator
from types import FrameType

import torch
from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.memory import written
from gradviz.recording.calls.severing import write_down
from gradviz.recording.calls.upkeep import is_upkeep
from gradviz.recording.recorder import Recorder
from gradviz.recording.seams.seam import Called, Seam, about, seam, tensors_of

# name -> what is written to and what is read from: position and name of the argument
_COLLECTIVES: dict[str, tuple[tuple[int, str], tuple[int, str]]] = {
    "all_gather": ((0, "tensor_list"), (1, "tensor")),
    "all_gather_into_tensor": ((0, "output_tensor"), (1, "input_tensor")),
    "all_gather_coalesced": ((0, "output_tensor_lists"), (1, "input_tensor_list")),
    "all_to_all": ((0, "output_tensor_list"), (1, "input_tensor_list")),
    "all_to_all_single": ((0, "output"), (1, "input")),
    "gather": ((1, "gather_list"), (0, "tensor")),
    "scatter": ((0, "tensor"), (1, "scatter_list")),
    "reduce_scatter": ((0, "output"), (1, "input_list")),
    "reduce_scatter_tensor": ((0, "output"), (1, "input")),
}


def communicated(
    recorder: Recorder,
    name: str,
    outs: Iterable[Tensor],
    inputs: Iterable[Tensor],
    frame: FrameType,
) -> None:
    """Take note that a collective wrote what other processes have into plain tensors."""
    numbers = inputs_of(recorder, tuple(inputs), {})
    if numbers:
        stack = recorder.stacks.look_around(frame)
        for out in () if is_upkeep(recorder, name, numbers, stack) else outs:
            serial = write_down(recorder, name, CutKind.COLLECTIVE, numbers, stack, None)
            written(recorder.tape, out, serial, None, over=True)


def _communicated(name: str, call: Called) -> None:
    outs, inputs = (tensors_of(call.argument(*place)) for place in _COLLECTIVES[name])
    communicated(call.mode, name, outs, inputs, call.frame)


def seams() -> Iterator[Seam]:
    """Yield the seams over the collectives that write into what they are given."""
    distributed = sys.modules.get("torch.distributed.distributed_c10d")
    if distributed is not None:
        for module in (torch.distributed, distributed):
            for name in _COLLECTIVES:
                if hasattr(module, name):
                    yield seam(module, name, about(_communicated, name))
