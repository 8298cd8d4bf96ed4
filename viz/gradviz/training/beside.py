"""Tensors that require grad, that no module has registered and no optimizer holds: what they are
called, and whether gradient comes to them and is left there.

What an input is looked at for is no such thing: somebody takes its gradient. One that is made anew
for each call gets a new gradient too.
"""

import hashlib
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gradviz.graph import Leaf, Place
from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.sizes import any_nonzero
from gradviz.recording.torch_inside import version
from gradviz.system.grouped import grouped
from gradviz.training.attribute_lines import attribute_line
from gradviz.training.sampling import has_values, spread
from gradviz.training.unregistered import Unregistered

_AGAIN = 2  # calls that leave gradient


@dataclass(slots=True)
class _BesideTensor:
    """A tensor, as the last call found it.

    Attributes:
        name: What it is called.
        in_module: Some module has it.
        values: A digest of an even spread of it.
        version: Of its gradient, how often that was written to.
        place: The line that made it a module's, or uses it; None where that is not known.
        calls: How many in a row have left more gradient in it, while it stayed as it was.
    """

    name: str
    in_module: bool
    values: bytes
    version: int
    place: Place | None
    calls: int = 1


class BesideModels:
    """What was seen of such tensors, by identity."""

    def __init__(self) -> None:
        self._tensors: dict[int, _BesideTensor] = {}
        self._taken: set[int] = set()  # whose gradient somebody took

    def taken(self, tensors: Iterable[Tensor]) -> None:
        """The gradient of some tensors was asked for, or read, or set."""
        self._taken.update(map(id, tensors))

    def called(
        self, tensors: Mapping[str, Tensor], leaves: Iterable[Leaf], roots: Mapping[str, Any]
    ) -> None:
        """A backward call has ended.

        Args:
            tensors: All such tensors that are there, by name.
            leaves: What gradient came to beside parameters.
            roots: The models by name.
        """
        before, self._tensors = self._tensors, {}
        places = grouped((leaf.shape, leaf.place) for leaf in leaves)
        modules = [name for name, root in roots.items() if isinstance(root, nn.Module)]
        with torch_inside.without_torch_function():
            for name, tensor in tensors.items():
                lines = set(places.get(tuple(tensor.shape), ()))
                if not lines or not has_values(tensor) or not _is_fed(tensor):
                    continue
                in_module = any(name.startswith(f"{root}.") for root in modules)
                own = _BesideTensor(
                    name=name,
                    in_module=in_module,
                    values=_digest(tensor),
                    version=_version(tensor),
                    place=(attribute_line(name, roots) if in_module else None)
                    or (lines.pop() if len(lines) == 1 else None),
                )
                earlier = before.get(id(tensor))
                if (
                    earlier is not None
                    and (earlier.name, earlier.values) == (name, own.values)
                    and earlier.version < own.version
                ):
                    own.calls = earlier.calls + 1
                self._tensors[id(tensor)] = own

    def unregistered(self, held: Container[int]) -> tuple[Unregistered, ...]:
        """Return what got gradient again and again, and stayed as it was; not what is ``held`` by
        an optimizer by now, by identity.
        """
        return tuple(
            Unregistered(name=own.name, in_module=own.in_module, place=own.place)
            for key, own in self._tensors.items()
            if own.calls >= _AGAIN and key not in self._taken and key not in held
        )


def _is_fed(tensor: Tensor) -> bool:
    gradient = tensor.grad
    return gradient is not None and any_nonzero(gradient) is not False


def _version(tensor: Tensor) -> int:
    return (tensor.grad is not None and version(tensor.grad)) or 0


def _digest(tensor: Tensor) -> bytes:
    sample = spread(tensor).cpu().contiguous()
    return hashlib.blake2b(sample.view(torch.uint8).numpy().tobytes()).digest()
