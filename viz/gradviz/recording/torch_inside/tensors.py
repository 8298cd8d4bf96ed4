"""Tensors: their memory, what they are views of, how often they were written to."""

from collections.abc import Callable
from typing import Any

import torch
import torch.utils.dlpack
from torch import Tensor

from gradviz.recording.torch_inside.ability import Ability, private

STORAGES = Ability(
    ("UntypedStorage._cdata",),
    "tensors that share memory are recognised by the address of their storage",
    "2.6 to 2.15",
    "What is written into memory that tensors share (through .data, detach() or numpy) is not"
    " followed.",
)

IMPLEMENTATIONS = Ability(
    ("Tensor._cdata",),
    "a tensor is known by what torch keeps behind it, for a weak reference would stop"
    " torch.utils.swap_tensors",
    "2.6 to 2.15",
    "Of two tensors of the same memory, one that is gone may be taken for the other.",
)

VIEWS = Ability(
    ("Tensor._base",),
    "a view shares the history of the tensor that it is a view of",
    "2.6 to 2.15",
    "Writes through views may be named at lines that cut nothing.",
)

VERSIONS = Ability(
    ("Tensor._version",),
    "a tensor whose version is the same was not written to",
    "2.6 to 2.15",
    "Zero is not told from reached for what the step's own backward left in .grad.",
)

VERSIONS_BACK = Ability(
    ("_C._autograd._unsafe_set_version_counter",),
    "a buffer that is put back gets its version back as well",
    "2.6 to 2.15",
    "Buffers that a checkpoint wrote to again have a higher version than without gradviz.",
)

SWAPPED = Ability(
    ("_C._swap_tensor_impl",),
    "two tensors exchange what they are here, by whatever name torch.utils.swap_tensors was"
    " imported",
    "2.6 to 2.15",
    "Tensors that torch.utils.swap_tensors has exchanged are not followed.",
)

COUNTS = Ability(
    ("_C._storage_Use_Count",),
    "a tensor that shares its memory with no other is no view of a parameter from before the trace",
    "2.6 to 2.13",
    "What was taken out of a parameter before the trace, and shares its memory, is not recognised.",
)

LEAF_HOOKS = Ability(
    ("Tensor._post_accumulate_grad_hooks",),
    "a hook that clears a gradient runs inside backward, where no mode sees its calls",
    "2.6 to 2.15",
    "Of a gradient that such a hook clears the line is not named.",
)

ABILITIES = (STORAGES, IMPLEMENTATIONS, VIEWS, VERSIONS, VERSIONS_BACK, SWAPPED, COUNTS, LEAF_HOOKS)

TensorBase: Any = private("_C.TensorBase")  # has the methods written in C; 2.6 to 2.15
# torch's own, whatever a script has put in the place of Tensor.detach and of the others
detach: Callable[[Tensor], Tensor] = getattr(TensorBase, "detach", Tensor.detach)
item: Callable[[Tensor], Any] = getattr(TensorBase, "item", Tensor.item)
numpy: Callable[[Tensor], Any] = getattr(TensorBase, "numpy", Tensor.numpy)
tolist: Callable[[Tensor], Any] = getattr(TensorBase, "tolist", Tensor.tolist)

_HAS_ADDRESS = not STORAGES.missing
_uses = None if STORAGES.missing else private("_C._storage_Use_Count")


def storage_address(tensor: Tensor) -> int:
    """Return what identifies a tensor's memory; 0 where torch does not say.

    Raises what torch does for one without memory.
    """
    return int(tensor.untyped_storage()._cdata) if _HAS_ADDRESS else 0


def implementation(tensor: Tensor) -> int:
    """Return the address of what torch keeps behind a tensor's Python object.

    0 where torch does not say.
    """
    return getattr(tensor, "_cdata", 0)


def has_data(storage: Any) -> bool:
    """Say whether there is memory behind a storage.

    A subclass that holds other tensors has one without. A fake one has none either, and warns
    where it is asked.
    """
    try:
        return storage.device.type != "meta" and bool(storage.data_ptr())
    except RuntimeError:
        return False


def may_share(tensor: Tensor, views: int = 0) -> bool:
    """Say whether the memory of a tensor is also that of others, or somebody else's; False where
    torch does not say.

    ``views`` others are not counted, nor the tensor that it is a view of.
    """
    others = views + (view_base(tensor) is not None)
    try:
        memory = tensor.untyped_storage()
        # The tensor itself holds it, and the Python object that was asked for
        return _uses is not None and (_uses(memory._cdata) > 2 + others or not memory.resizable())
    except (NotImplementedError, RuntimeError):
        return False


def view_base(tensor: Tensor) -> Tensor | None:
    """Return the tensor that another is a view of; None for one that is none."""
    return getattr(tensor, "_base", None)


def hooks_after(leaf: Tensor) -> tuple[Any, ...]:
    """Return the hooks on a leaf that run after its gradient has come; none where torch does not
    say.
    """
    return tuple((getattr(leaf, "_post_accumulate_grad_hooks", None) or {}).values())


def version(tensor: Tensor) -> int | None:
    """Return how often a tensor was written to; None where torch does not say.

    Inference tensors raise.
    """
    return getattr(tensor, "_version", None)


def set_version(tensor: Tensor, number: int | None) -> None:
    """Give a tensor back the version that it had before gradviz put its value back."""
    setter = private("_C._autograd._unsafe_set_version_counter")
    if setter is not None and number is not None:
        setter((tensor,), (number,))


ENTRANCES = {
    "from_dlpack": tuple(
        (owner, "_from_dlpack")
        for owner in (torch._C, torch.utils.dlpack)
        if hasattr(owner, "_from_dlpack")
    )
}
"""What takes memory in, as a capsule, and no mode sees, by the public name; 2.6 to 2.15."""

# Where two tensors exchange what they are
SWAPS = () if private("_C._swap_tensor_impl") is None else ((torch._C, "_swap_tensor_impl"),)
