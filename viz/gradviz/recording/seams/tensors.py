"""Tensors made out of tensors, arrays or memory, unseen by a torch function mode."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from gradviz.causes import CAUSES
from gradviz.recording import torch_inside
from gradviz.recording.rules.leaving import array_came_back, came_from_memory
from gradviz.recording.rules.rewrapped import aliased, copied, given_memory, rewrapped
from gradviz.recording.seams.seam import Called, Seam, about, seam


def _rewrapped(name: str, call: Called) -> None:
    value = call.argument(1, "data")
    if isinstance(call.out, nn.Parameter):
        call.watcher.training.owners.created(call.out, call.frame)
    if isinstance(value, Tensor) and isinstance(call.out, Tensor):
        rewrapped(call.mode, name, value, call.out, call.frame)


def _came_back(call: Called) -> None:
    array_came_back(call.mode, call.args[0], call.out, call.frame)


def _given_memory(call: Called) -> None:
    for value in (*call.args[1:], *call.kwargs.values())[:1]:
        given_memory(call.mode, call.args[0], value, call.frame)


def _aliased(call: Called) -> None:
    aliased(call.mode, "as_subclass", call.args[0], call.out, call.frame)


def _subclass_made(call: Called) -> None:
    # A parameter is told of where it is made
    if len(call.args) > 1 and not isinstance(call.out, nn.Parameter):
        aliased(call.mode, "Tensor._make_subclass", call.args[1], call.out, call.frame)


def _nested(call: Called) -> None:
    copied(call.mode, "torch.nested.nested_tensor", call.args[:1], call.out, call.frame)


def _came_from_memory(entrance: str, call: Called) -> None:
    came_from_memory(call.mode, entrance, call.out, call.frame)


def seams() -> Iterator[Seam]:
    """Yield the seams over what makes such a tensor."""
    yield seam(nn.Parameter, "__new__", about(_rewrapped, "nn.Parameter"), static=True)
    yield seam(torch.autograd.Variable, "__new__", about(_rewrapped, "Variable"), static=True)
    yield seam(torch, "from_numpy", _came_back)
    yield seam(torch.Tensor, "set_", _given_memory)
    yield seam(torch.Tensor, "as_subclass", _aliased)
    for kind, name in torch_inside.SUBCLASSES:
        yield seam(kind, name, _subclass_made, static=True)
    yield seam(torch.nested, "nested_tensor", _nested)
    for entrance in (entrance for cause in CAUSES for entrance in cause.back):
        for owner, name in torch_inside.ENTRANCES[entrance]:
            yield seam(owner, name, about(_came_from_memory, entrance))
