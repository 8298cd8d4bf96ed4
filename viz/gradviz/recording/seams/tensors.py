"""Tensors made out of tensors, arrays or memory, unseen by a torch function mode."""

import functools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.causes import CAUSES
from gradviz.recording import torch_inside
from gradviz.recording.rules.leaving import array_came_back, came_from_memory
from gradviz.recording.rules.rewrapped import aliased, copied, given_memory, rewrapped
from gradviz.recording.seams.seam import Note, Seam, seam
from gradviz.recording.seams.watcher import Watcher


@functools.cache
def _rewrapped(name: str) -> Note:
    def note(
        watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> None:
        value = args[1] if len(args) > 1 else kwargs.get("data")
        if isinstance(out, nn.Parameter):
            watcher.training.owners.created(out, frame)
        if isinstance(value, Tensor) and isinstance(out, Tensor):
            rewrapped(watcher.mode, name, value, out, frame)

    return note


def _came_back(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    array_came_back(watcher.mode, args[0], out, frame)


def _given_memory(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    if len(args) > 1 or kwargs:
        given_memory(
            watcher.mode, args[0], args[1] if len(args) > 1 else next(iter(kwargs.values())), frame
        )


def _aliased(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    aliased(watcher.mode, "as_subclass", args[0], out, frame)


def _subclass_made(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    if len(args) > 1 and not isinstance(out, nn.Parameter):  # which is told of where it is made
        aliased(watcher.mode, "Tensor._make_subclass", args[1], out, frame)


def _nested(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    copied(watcher.mode, "torch.nested.nested_tensor", args[:1], out, frame)


@functools.cache
def _came_from_memory(entrance: str) -> Note:
    def note(
        watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> None:
        came_from_memory(watcher.mode, entrance, out, frame)

    return note


def seams() -> Iterator[Seam]:
    """Yield the seams over what makes such a tensor."""
    yield seam(nn.Parameter, "__new__", _rewrapped("nn.Parameter"), static=True)
    yield seam(torch.autograd.Variable, "__new__", _rewrapped("Variable"), static=True)
    yield seam(torch, "from_numpy", _came_back)
    yield seam(torch.Tensor, "set_", _given_memory)
    yield seam(torch.Tensor, "as_subclass", _aliased)
    for kind, name in torch_inside.SUBCLASSES:
        yield seam(kind, name, _subclass_made, static=True)
    yield seam(torch.nested, "nested_tensor", _nested)
    for entrance in (entrance for cause in CAUSES for entrance in cause.back):
        for owner, name in torch_inside.ENTRANCES[entrance]:
            yield seam(owner, name, _came_from_memory(entrance))
