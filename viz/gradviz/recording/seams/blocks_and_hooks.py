"""Calls that change no tensor: inference mode begins or ends, hooks and optimizers are made."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import nn

from gradviz.recording.generators import has_begun
from gradviz.recording.rules.hooks import hooked
from gradviz.recording.seams.seam import Seam, seam
from gradviz.recording.seams.watcher import Watcher
from gradviz.recording.torch_inside import MODULE_HOOKS


def _inference_began(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    watcher.mode.inference_blocks.append(watcher.mode.stacks.look_at_switch(frame))


def _inference_ended(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    del watcher.mode.inference_blocks[-1:]


def _optimizer_made(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    watcher.optimizers.add(args[0])
    watcher.training.made(args[0], frame, begun=bool(out))


def _has_begun(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Say whether something has read from the generators that an optimizer is to read from."""
    return has_begun(args[1] if len(args) > 1 else kwargs.get("params"))


def _scaled(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    optimizer = args[1] if len(args) > 1 else kwargs.get("optimizer")
    if isinstance(optimizer, torch.optim.Optimizer):
        watcher.training.scaled(optimizer)


def _hooked(
    name: str,
    watcher: Watcher,
    frame: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    out: Any,
) -> None:
    hooked(watcher.mode, name, args[0], frame)


def seams() -> Iterator[Seam]:
    """Yield the seams over them."""
    yield seam(torch.inference_mode, "__enter__", _inference_began)
    yield seam(torch.inference_mode, "__exit__", _inference_ended)
    yield seam(torch.optim.Optimizer, "__init__", _optimizer_made, before=_has_begun)
    yield seam(torch.amp.GradScaler, "step", _scaled)
    for name in MODULE_HOOKS:
        yield seam(nn.Module, name, partial(_hooked, name))
