"""Which parameters lie in the memory of another: views of one flat vector that an optimizer holds,
say. What steps that moves them, though each is a leaf of its own.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from gradviz.recording.tensor_state import region
from gradviz.recording.torch_inside import has_data, is_opaque
from gradviz.system.grouped import grouped


def lodgers(tensors: Mapping[str, Tensor]) -> dict[str, tuple[str, ...]]:
    """Return for each tensor the others that lie within its memory, by name.

    Args:
        tensors: By name. One without memory of its own, or that is not strided, lies nowhere.
    """
    together = grouped(
        (start, name) for name, tensor in tensors.items() if (start := _start(tensor))
    )
    inside_of: dict[str, tuple[str, ...]] = {}
    for names in together.values():
        spans = {name: region(tensors[name]) for name in names} if len(names) > 1 else {}
        for whole, (low, high) in spans.items():
            inside = tuple(
                name
                for name, own in spans.items()
                if name != whole and low <= own[0] < own[1] <= high
            )
            if inside:
                inside_of[whole] = inside
    return inside_of


def _start(tensor: Tensor) -> int:
    """Return where the memory of a tensor begins; 0 where it has none."""
    try:
        if is_opaque(tensor) or tensor.layout != torch.strided:
            return 0
        memory = tensor.untyped_storage()
        return int(memory.data_ptr()) if has_data(memory) else 0
    except (RuntimeError, NotImplementedError):
        return 0
