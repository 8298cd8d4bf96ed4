"""Which memory was met: a tensor over memory that is new may bear what left torch before."""

import weakref
from functools import partial
from typing import Any

from torch import Tensor


class Met:
    """Which memory was met, for as long as it lives."""

    def __init__(self) -> None:
        self._storages: dict[int, weakref.ref[Any]] = {}

    def is_new(self, tensor: Tensor) -> bool:
        """Take note of a tensor's memory; say whether that is met for the first time."""
        try:
            storage = tensor.untyped_storage()
        except (NotImplementedError, RuntimeError):
            return False
        key = id(storage)
        if key in self._storages:
            return False
        # An interrupt in Python would be lost
        self._storages[key] = weakref.ref(storage, partial(self._storages.pop, key))
        return True

    def forget(self, tensor: Tensor) -> None:
        """Let a tensor's memory be new again, as something beside torch may write it."""
        try:
            self._storages.pop(id(tensor.untyped_storage()), None)
        except (NotImplementedError, RuntimeError):
            return

    def forget_all(self) -> None:
        """Let all memory be new again."""
        self._storages.clear()
