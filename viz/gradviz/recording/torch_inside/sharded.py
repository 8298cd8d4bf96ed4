"""FSDP2 (``fully_shard``) and FSDP1.

A model names the shards of its parameters, and a forward uses the whole ones, which the graph then
leads to. Torch keeps both under private names, which were seen in 2.6 to 2.15. Without them a whole
parameter is not known to stand for its shards.
"""

from collections.abc import Iterator
from types import MemberDescriptorType
from typing import Any

from torch import Tensor, nn


def is_unit(module: nn.Module) -> bool:
    """Say whether a module looks after parameters that are sharded."""
    return "_handle" in module.__dict__ or hasattr(type(module), "_get_fsdp_state")


def wholes(module: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield each shard that a module looks after, with the whole parameter that stood in for it."""
    flat: Any = getattr(module.__dict__.get("_handle"), "flat_param", None)
    for part in parts_of(flat):
        yield part, flat
    state_of = getattr(type(module), "_get_fsdp_state", None)
    if state_of is None:
        return
    state = state_of(module)
    # The latter before torch 2.13
    groups = getattr(state, "_fsdp_param_groups", None) or [
        getattr(state, "_fsdp_param_group", None)
    ]
    for group in groups:
        for shard in getattr(group, "fsdp_params", ()):
            whole = getattr(shard, "_unsharded_param", None)  # there from the first forward on
            if whole is not None:
                yield shard.sharded_param, whole


def parts_of(flat: Any) -> tuple[Tensor, ...]:
    """Return the parameters that go in as one, as a unit's do in FSDP1 with use_orig_params.

    None for any other tensor.
    """
    return tuple(getattr(flat, "_params", None) or ())


def holds_zeros(part: Tensor) -> bool:
    """Say whether the gradient of a parameter is there, in this process, and all of it zero."""
    gradient = part.grad
    return gradient is not None and gradient.numel() > 0 and not bool(gradient.any())


def in_use(module: nn.Module) -> Iterator[tuple[nn.Module, str, Tensor]]:
    """Yield what FSDP1 has taken off its modules while the flat parameter is in use.

    The module, the name, and the parameter.
    """
    flat: Any = getattr(module.__dict__.get("_handle"), "flat_param", None)
    parts, places = parts_of(flat), getattr(flat, "_param_infos", ())
    for part, (name, owner, _) in zip(parts, places, strict=False):
        if owner._parameters.get(name) is not part:
            yield owner, name, part


def is_sharded(tensor: Tensor) -> bool:
    """Say whether a tensor is this rank's part of one that several ranks hold."""
    return hasattr(tensor, "to_local")


def inner(tensor: Tensor) -> Tensor:
    """Return the tensor that one wraps whose values lie in this process: a DTensor's, or that which
    a collective is still bringing. The tensor itself where it wraps none.
    """
    kind = type(tensor)
    for name in ("_local_tensor", "elem"):
        if isinstance(getattr(kind, name, None), MemberDescriptorType):
            wrapped = getattr(tensor, name)
            return wrapped if isinstance(wrapped, Tensor) else tensor
    return tensor


def own_part(tensor: Tensor) -> Tensor:
    """Return what of a tensor lies in this process.

    To read more of it would be to talk to the other ranks.
    """
    local = getattr(tensor, "to_local", None)
    return tensor if local is None else local()
