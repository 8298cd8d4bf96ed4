"""An even spread of a tensor's elements.

Enough to see whether a parameter moved, and no copy of the model.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gradviz.recording import torch_inside
from gradviz.recording.torch_inside import own_part
from gradviz.system.grouped import grouped

MOST = 4096  # elements of one parameter
_PACKED = getattr(torch, "float4_e2m1fn_x2", None)  # two numbers a byte, which torch cannot read


def spread(tensor: Tensor, like: Tensor | None = None) -> Tensor:
    """Return at most ``MOST`` evenly spread elements of this process's part of a tensor.

    All of a small one. A view where it can be.

    Args:
        tensor: Whose elements.
        like: A tensor of the same shape whose layout tells the order of the elements; the tensor
            itself, where None.
    """
    own = own_part(torch_inside.detach(tensor))
    order = own if like is None else own_part(torch_inside.detach(like))
    if own.is_complex():
        own, order = torch.view_as_real(own), torch.view_as_real(order)
    if not order.is_contiguous():  # as its memory has it, so that a transposed matrix needs no copy
        own = own.permute(sorted(range(order.dim()), key=order.stride, reverse=True))
    sample = own.reshape(-1)[:: every(own.numel())]
    # Torch computes nothing in a float of eight bits or fewer
    return sample if sample.dtype.itemsize > 1 else sample.float()


def every(numel: int) -> int:
    """Return which share of so many elements is looked at: one in so many.

    It has no divisor in common with their number, and so with no size of the tensor: the elements
    are of all columns of a matrix and of all places in a convolution's kernel.
    """
    step = -(-numel // MOST)
    while step > 1 and math.gcd(step, numel) > 1:
        step += 1
    return max(step, 1)


def has_values(tensor: Tensor) -> bool:
    """Say whether there is something to read in this process, and cheaply.

    Not in a class with operations of its own, on the meta device, not lazy, not sparse, no memory
    that FSDP took away, no type that torch cannot read.
    """
    if torch_inside.is_opaque(tensor) or is_lazy(tensor):
        return False
    if type(tensor) not in (Tensor, nn.Parameter):
        tensor = own_part(torch_inside.detach(tensor))
    return not (
        torch_inside.is_wrapped(tensor)
        or tensor.device.type == "meta"
        or tensor.is_quantized
        or tensor.layout != torch.strided
        or not (tensor.dtype.is_floating_point or tensor.dtype.is_complex)
        or tensor.dtype is _PACKED
        or (tensor.untyped_storage().size() == 0 and tensor.numel() > 0)
    )


_Kind = tuple[torch.device, torch.dtype]


class Batch:
    """Pieces of many tensors that come to the CPU together: one synchronisation for each device."""

    def __init__(self, pieces: Sequence[Tensor]) -> None:
        self._sizes = [piece.numel() for piece in pieces]
        self._places = grouped(
            ((piece.device, piece.dtype), place) for place, piece in enumerate(pieces)
        )
        self._joined = {
            key: torch.cat([pieces[place] for place in places])
            for key, places in self._places.items()
        }

    @property
    def is_at_hand(self) -> bool:
        """Whether all of it is on the CPU already."""
        return all(device.type == "cpu" for device, _ in self._joined)

    def read(self) -> list[Tensor]:
        """Return the pieces on the CPU, in their order."""
        return read(self)[0]

    def _split(self, joined: Mapping[_Kind, Tensor]) -> list[Tensor]:
        samples: list[Tensor] = [torch.empty(0)] * len(self._sizes)
        for key, places in self._places.items():
            parts = joined[key].split_with_sizes([self._sizes[place] for place in places])
            for place, part in zip(places, parts, strict=True):
                samples[place] = part
        return samples


def read(*batches: Batch) -> list[list[Tensor]]:
    """Return the pieces of each batch on the CPU: one transfer, and one wait, for each device."""
    there = [dict(batch._joined) for batch in batches]
    by_device = grouped(
        (key[0], (batch, key)) for batch, joined in enumerate(there) for key in joined
    )
    for device, places in by_device.items():
        if device.type == "cpu":
            continue
        # The widest first, so that each begins where its type may begin
        places = sorted(places, key=lambda place: -place[1][1].itemsize)
        joined = [there[batch][key].view(torch.uint8) for batch, key in places]
        parts = torch.cat(joined).cpu().split_with_sizes([part.numel() for part in joined])
        for (batch, key), part in zip(places, parts, strict=True):
            there[batch][key] = part.view(key[1])
    return [batch._split(joined) for batch, joined in zip(batches, there, strict=True)]
