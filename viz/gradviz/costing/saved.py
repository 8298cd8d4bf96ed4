"""The memory that autograd keeps for a backward, counted by torch's own saved-tensor hooks."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import torch
from torch import Tensor

_Key = tuple[object, ...]


class _Packed:
    """A tensor that some node keeps; it lives as long as the node wants it."""

    __slots__ = ("_counter", "_key", "tensor")

    def __init__(self, tensor: Tensor, key: _Key, counter: "SavedBytes") -> None:
        self.tensor, self._key, self._counter = tensor, key, counter

    def __del__(self) -> None:
        self._counter.release(self._key)


class SavedBytes:
    """Counts what is saved for a backward while a ``with`` of it lasts.

    A storage that several nodes save, or several views of one, is counted once.

    Attributes:
        held: Bytes that graphs hold at this moment.
        peak: The most that they held at one moment.
    """

    def __init__(
        self, without: Iterable[Tensor] = (), saver: Callable[[], tuple[int, ...]] | None = None
    ) -> None:
        """Begin with nothing.

        Args:
            without: Tensors that are there without a graph, such as the parameters; their memory is
                not counted.
            saver: Returns what :meth:`by_saver` is to count a tensor under that is saved now.
        """
        self.held = self.peak = 0
        self._saver = saver
        self._savers: dict[_Key, tuple[int, ...]] = {}
        self._without = {_storage(tensor)[0] for tensor in without}
        self._uses: dict[_Key, int] = {}
        self._sizes: dict[_Key, int] = {}
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, _unpack)

    def __enter__(self) -> Self:
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._hooks.__exit__(*error)

    def _pack(self, tensor: Tensor) -> _Packed:
        key, size = _storage(tensor)
        self._uses[key] = self._uses.get(key, 0) + 1
        if self._uses[key] == 1 and key not in self._without:
            self._sizes[key] = size
            if self._saver is not None:
                self._savers[key] = self._saver()
            self.held += size
            self.peak = max(self.peak, self.held)
        return _Packed(tensor.detach(), key, self)  # the tensor itself would keep its own node

    def release(self, key: _Key) -> None:
        """Take note that a node keeps a storage no more."""
        self._uses[key] -= 1
        if not self._uses[key]:
            del self._uses[key]
            self.held -= self._sizes.pop(key, 0)
            self._savers.pop(key, None)

    def leave_out(self, tensors: Iterable[Tensor]) -> int:
        """Return how many bytes are held less those of some tensors, which were not known when
        counting began.
        """
        keys = {_storage(tensor)[0] for tensor in tensors}
        return self.held - sum(self._sizes.get(key, 0) for key in keys)

    def by_saver(self, tensors: Iterable[Tensor]) -> Mapping[tuple[int, ...], int]:
        """Return the bytes of :meth:`leave_out` by what saved them first."""
        keys = {_storage(tensor)[0] for tensor in tensors}
        counts: Counter[tuple[int, ...]] = Counter()
        for key, saver in self._savers.items():
            if key not in keys:
                counts[saver] += self._sizes[key]
        return counts


def _unpack(packed: _Packed) -> Tensor:
    return packed.tensor


def _storage(tensor: Any) -> tuple[_Key, int]:
    """Return what a tensor's memory is known by, and how many bytes it has."""
    if tensor.layout == torch.sparse_coo:
        return _storage(tensor.coalesce().values())
    if tensor.layout != torch.strided:
        return _storage(tensor.values())
    storage = tensor.untyped_storage()
    return (storage.data_ptr() or id(tensor), tensor.device), storage.nbytes()
