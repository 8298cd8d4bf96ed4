"""Calls that change no tensor: inference mode begins or ends, hooks and optimizers are made."""

import gc
import inspect
import itertools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import GeneratorType
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.recording.rules.hooks import hooked, hooked_at_node
from gradviz.recording.seams.seam import Called, Seam, about, called_by_users, seam, tensors_of
from gradviz.recording.tensor_state import history
from gradviz.recording.torch_inside import HAVE_NODE_HOOKS, MODULE_HOOKS, REGISTERS_AT_NODES


def _inference_began(call: Called) -> None:
    call.mode.inference_blocks.append(call.mode.stacks.look_at_switch(call.frame))


def _inference_ended(call: Called) -> None:
    del call.mode.inference_blocks[-1:]


def _optimizer_made(call: Called) -> None:
    call.watcher.optimizers.add(call.args[0])
    call.watcher.training.made(call.args[0], call.frame, begun=bool(call.looked))


def _scheduler_made(call: Called) -> None:
    optimizer = call.argument(1, "optimizer")
    if isinstance(optimizer, torch.optim.Optimizer):
        call.watcher.training.scheduled(optimizer, call.args[0], call.frame)


def _has_begun(call: Called) -> bool:
    """Say whether something has read from the generators that an optimizer is to read from."""
    with suppress(Exception):  # what it is given may be anything
        return has_begun(call.argument(1, "params"))
    return False


def _loss_scaled(call: Called) -> None:
    # A loss, or several; any other iterable is the script's to read
    for loss in tensors_of(call.out) if isinstance(call.out, (Tensor, list, tuple)) else ():
        node = history(loss) if call.args[0].is_enabled() else None
        number = 0 if node is None else torch_inside.node_number(node)
        if number:
            call.mode.tape.scaled.append(number)


def _scaled(call: Called) -> None:
    optimizer = call.argument(1, "optimizer")
    if isinstance(optimizer, torch.optim.Optimizer):
        call.watcher.training.scaled(optimizer)


def _hooked(name: str, call: Called) -> None:
    hooked(call.mode, name, call.args[0], call.frame)


def _hooked_at_node(call: Called) -> None:
    hooked_at_node(call.mode, call.out[1], call.frame)


def seams() -> Iterator[Seam]:
    """Yield the seams over them."""
    yield seam(torch.inference_mode, "__enter__", _inference_began)
    yield seam(torch.inference_mode, "__exit__", _inference_ended)
    yield seam(torch.optim.Optimizer, "__init__", _optimizer_made, before=_has_begun)
    yield seam(torch.optim.lr_scheduler.LRScheduler, "__init__", _scheduler_made)
    yield seam(torch.amp.GradScaler, "scale", _loss_scaled)
    yield seam(torch.amp.GradScaler, "step", _scaled)
    for name in MODULE_HOOKS:
        yield seam(nn.Module, name, about(_hooked, name))
    for kind in HAVE_NODE_HOOKS:
        yield called_by_users(kind, REGISTERS_AT_NODES, _hooked_at_node)


# Whether somebody has read from the generators that an optimizer is about to read its parameters
# from. Nothing is read here.


# What hands on what others yield, and tells the collector what these are
_HANDS_ON = (map, filter, zip, enumerate, itertools.chain, itertools.islice)
_DEEP = 6  # of these inside each other


def has_begun(given: Any) -> bool:
    """Say whether something was read from what an optimizer is given: its parameters, or groups of
    them. False where that cannot be seen.
    """
    groups = given if isinstance(given, list | tuple) else [given]
    return any(
        _is_read(group.get("params") if isinstance(group, Mapping) else group) for group in groups
    )


def _is_read(value: Any, depth: int = 0) -> bool:
    if type(value) is GeneratorType:
        return inspect.getgeneratorstate(value) != inspect.GEN_CREATED
    is_tuple_of_map = depth > 0 and type(value) is tuple
    if depth == _DEEP or not (type(value) in _HANDS_ON or is_tuple_of_map):
        return False
    return any(_is_read(inner, depth + 1) for inner in gc.get_referents(value))
