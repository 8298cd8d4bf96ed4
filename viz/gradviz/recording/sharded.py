"""FSDP2 (``fully_shard``).

A model names the shards of its parameters, and a forward uses the whole ones, which the graph then
leads to.
"""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn


def wholes(module: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield each shard that a module looks after, with the whole parameter that stood in for it.

    Torch keeps both under private names.
    """
    flat: Any = getattr(module.__dict__.get("_handle"), "flat_param", None)
    # FSDP1 with use_orig_params: a unit's parameters go in as one
    for part in getattr(flat, "_params", None) or ():
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
        for one in getattr(group, "fsdp_params", ()):
            whole = getattr(one, "_unsharded_param", None)  # there from the first forward on
            if whole is not None:
                yield one.sharded_param, whole


def in_use(module: nn.Module) -> Iterator[tuple[nn.Module, str, Tensor]]:
    """Yield what FSDP1 has taken off its modules while the flat parameter is in use.

    The module, the name, and the parameter.
    """
    flat: Any = getattr(module.__dict__.get("_handle"), "flat_param", None)
    parts, places = getattr(flat, "_params", None) or (), getattr(flat, "_param_infos", ())
    for part, (name, owner, _) in zip(parts, places, strict=False):
        if owner._parameters.get(name) is not part:
            yield owner, name, part


def is_sharded(tensor: Tensor) -> bool:
    """Say whether a tensor is this rank's part of one that several ranks hold."""
    return hasattr(tensor, "to_local")


def own_part(tensor: Tensor) -> Tensor:
    """Return what of a tensor lies in this process.

    To read more of it would be to talk to the other ranks.
    """
    local = getattr(tensor, "to_local", None)
    return tensor if local is None else local()
