"""What a torch call is given: the tensors in it, their values, and the part that an index names."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.devices import is_capturing
from gradviz.recording.torch_inside import without_torch_function


def is_whole(value: Any) -> bool:
    """Say whether the numbers of a list, or a number, are whole ones; the first tells."""
    while type(value) is list and value:
        value = value[0]
    return type(value) is int or type(value) is bool


def as_array(tensor: Tensor, *, waits: bool = False) -> Any:
    """Return the values of a plain tensor; None where they cannot be had for nothing.

    With ``waits`` those on an accelerator are had, too: for what the user waits for as well.
    """
    is_away = type(tensor) is Tensor and tensor.device.type not in ("cpu", "meta")
    if is_away and waits and tensor.layout == torch.strided and not is_capturing():
        with without_torch_function():
            tensor = torch_inside.detach(tensor).cpu()
    if (
        type(tensor) is not Tensor
        or tensor.device.type != "cpu"
        or tensor.layout != torch.strided
        or not tensor.is_floating_point()
    ):
        return None
    if tensor.dtype == torch.bfloat16 or tensor.is_nested:
        return None
    with without_torch_function():
        # A copy: torch lets nobody resize a storage any more that it has given to numpy.
        try:
            return torch_inside.numpy(torch_inside.detach(tensor).clone())
        except RuntimeError:  # a transform holds it, and it has no memory of its own
            return None


def tensors_in(items: Iterable[Any]) -> Iterator[Tensor]:
    """Yield the tensors among what a call is given, and those in its lists and tuples."""
    for item in items:
        if isinstance(item, Tensor):
            yield item
        elif isinstance(item, (list, tuple)):
            yield from tensors_in(item)


def part_at(target: Tensor, key: Any) -> Tensor | None:
    """Return the part of a tensor that ``target[key] = value`` writes, as a view.

    None where no view can say it.
    """
    keys = key if type(key) is tuple else (key,)
    if all(item is None or item is Ellipsis or type(item) in (int, slice) for item in keys):
        with torch_inside.without_torch_function(), torch_inside.without_dispatch(target):
            return torch_inside.detach(target)[key]
    return None
