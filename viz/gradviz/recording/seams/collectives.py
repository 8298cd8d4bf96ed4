"""Collectives, which write into plain tensors. Watched where ``torch.distributed`` is in use."""

import functools
import sys
from collections.abc import Iterator
from typing import Any

import torch

from gradviz.recording.rules.communicated import communicated
from gradviz.recording.seams.seam import Note, Seam, seam, tensors_of
from gradviz.recording.seams.watcher import Watcher

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


@functools.cache
def _communicated(name: str) -> Note:
    def note(
        watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> None:
        written, read = (
            tensors_of(args[place] if place < len(args) else kwargs.get(label))
            for place, label in _COLLECTIVES[name]
        )
        communicated(watcher.mode, name, written, read, frame)

    return note


def seams() -> Iterator[Seam]:
    """Yield the seams over the collectives that write into what they are given."""
    distributed = sys.modules.get("torch.distributed.distributed_c10d")
    if distributed is not None:
        for module in (torch.distributed, distributed):
            for name in _COLLECTIVES:
                if hasattr(module, name):
                    yield seam(module, name, _communicated(name))
