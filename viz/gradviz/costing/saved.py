"""The memory that autograd keeps for a backward, counted by torch's own saved-tensor hooks."""

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class _Packed:
    """A tensor that some node keeps; it lives as long as the node wants it."""

    __slots__ = ("__weakref__", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class SavedBytes:
    """Counts what is saved for a backward while a ``with`` of it lasts.

    A storage that several nodes save, or several views of one, is counted once. What there is without the graph, parameters and buffers,
    is left out where it is named.
    """

    def __init__(self) -> None:
        self._packed: weakref.WeakSet[_Packed] = weakref.WeakSet()
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, _unpack)

    def __enter__(self) -> "SavedBytes":
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._hooks.__exit__(*error)

    def _pack(self, tensor: Tensor) -> _Packed:
        packed = _Packed(tensor.detach())  # the tensor itself would keep its own node
        self._packed.add(packed)
        return packed

    def count(self, without: Iterable[Tensor] = ()) -> int:
        """Return how many bytes the graph holds at this moment.

        Args:
            without: Tensors that are there anyway, such as the parameters.
        """
        known = {_storage(tensor)[0] for tensor in without}
        held = dict(_storage(packed.tensor) for packed in self._packed)
        return sum(size for key, size in held.items() if key not in known)


def _unpack(packed: _Packed) -> Tensor:
    return packed.tensor


def _storage(tensor: Any) -> tuple[object, int]:
    """Return what a tensor's memory is known by, and how many bytes it has."""
    if tensor.layout != torch.strided:
        parts = [tensor._values()] if tensor.layout == torch.sparse_coo else [tensor.values()]
        return _storage(parts[0])
    storage = tensor.untyped_storage()
    return (storage.data_ptr() or id(storage), tensor.device), storage.nbytes()
