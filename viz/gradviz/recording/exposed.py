"""Memory of tensors that something beside torch may write.

A numpy array over it, a kernel that has its address.

Nobody tells of such a write. So some bytes are kept, and compared when a tensor over the same
memory goes into a call: if they are others, and torch's own count of writes is the same, something
else wrote.
"""

import ctypes
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from types import CodeType
from typing import Any

from torch import Tensor

from gradviz.recording.torch_inside import has_data
from gradviz.recording.torch_inside import version as version_of

_KEPT = 4096  # bytes up to which memory is kept as it is; of more,
_PIECES, _PIECE = 32, 64  # pieces, and the bytes of each


@dataclass(slots=True)
class Window:
    """A piece of memory that something may write.

    Attributes:
        low, high: Bytes of the storage, from and up to.
        version: Torch's count of writes when the bytes were read.
        content: Some of the bytes.
        sites: The instructions that gave it out.
        start: Address of the storage.
        serial: Number of the call that gave a value of interest out; 0 where it was none.
    """

    low: int
    high: int
    version: int | None
    content: bytes
    sites: dict[tuple[CodeType, int], None]
    start: int
    serial: int


class Exposed:
    """All memory that was given out, for as long as it lives."""

    def __init__(self) -> None:
        self.windows: dict[int, tuple[weakref.ref[Any], Window]] = {}  # by identity of the storage
        self._starts: dict[int, int] = {}  # that identity by address of the memory

    def expose(self, tensor: Tensor, site: tuple[CodeType, int], serial: int) -> None:
        """Take note that a tensor's memory is given out."""
        if tensor.device.type != "cpu":
            return
        try:
            storage, version = tensor.untyped_storage(), version_of(tensor)
            high = storage.nbytes()
        except (NotImplementedError, RuntimeError):
            return
        key = id(storage)
        kept = self.windows.get(key)
        sites = {site: None} if kept is None else kept[1].sites | {site: None}
        start = storage.data_ptr()
        window = Window(
            0,
            high,
            version,
            _bytes(storage, high),
            sites,
            start,
            serial or (0 if kept is None else kept[1].serial),
        )
        self.windows[key] = (weakref.ref(storage, partial(self.windows.pop, key)), window)
        self._starts[start] = key
        if len(self._starts) > 2 * len(self.windows) + 256:
            self._starts = {held[1].start: known_as for known_as, held in self.windows.items()}

    def given_out(self, tensor: Tensor) -> int:
        """Return the number of the call that gave out the memory in which another tensor stands
        now; 0 where none did.
        """
        try:
            start = tensor.untyped_storage().data_ptr() if self._starts else 0
        except (NotImplementedError, RuntimeError):
            return 0
        kept = self.windows.get(self._starts.get(start, 0))
        return kept[1].serial if kept is not None and kept[1].start == start else 0

    def changed(self, items: Iterable[Any]) -> Iterator[tuple[Tensor, Window]]:
        """Yield the tensors whose memory something else has written since it was looked at last.

        To be called unseen by the user's modes and subclasses.
        """
        for item in items:
            if isinstance(item, (list, tuple)):
                yield from self.changed(item)
            elif isinstance(item, Tensor):
                window = self._window(item)
                if window is not None and self._refresh(item, window):
                    yield item, window

    def wrote(self, tensor: Tensor) -> None:
        """Take note that torch itself wrote into a tensor."""
        window = self._window(tensor)
        if window is not None:
            self._refresh(tensor, window)

    def _window(self, tensor: Tensor) -> Window | None:
        try:
            kept = self.windows.get(id(tensor.untyped_storage()))
        except (NotImplementedError, RuntimeError):
            return None
        return None if kept is None else kept[1]

    @staticmethod
    def _refresh(tensor: Tensor, window: Window) -> bool:
        """Read the bytes again. Say whether something else than torch wrote them."""
        storage = tensor.untyped_storage()
        content, version = _bytes(storage, min(window.high, storage.nbytes())), version_of(tensor)
        other = content != window.content and version == window.version
        window.content, window.version = content, version
        return other


def _bytes(storage: Any, size: int) -> bytes:
    if not size or not has_data(storage):
        return b""
    start = storage.data_ptr()
    if size <= _KEPT:
        return ctypes.string_at(start, size)
    step = (size - _PIECE) // (_PIECES - 1)
    return b"".join(ctypes.string_at(start + step * index, _PIECE) for index in range(_PIECES))
