"""Two tensors exchange their contents."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

from gradviz.recording import torch_inside
from gradviz.recording.rules.swapped import swapped
from gradviz.recording.seams.seam import Seam, instead
from gradviz.recording.seams.watcher import Watcher, of_thread
from gradviz.recording.torch_inside import without_torch_function


@functools.lru_cache(maxsize=16)
def _swap(original: Callable[..., Any]) -> Callable[..., Any]:
    """Follow two tensors that exchange their contents."""

    @functools.wraps(original)
    def watching(t1: Any, t2: Any) -> Any:
        watcher: Watcher | None = getattr(of_thread, "watcher", None)
        if watcher is None or watcher.mode.failure:
            return original(t1, t2)
        tape = watcher.mode.tape
        try:
            with without_torch_function():
                before = tape.tensors.find(t1), tape.tensors.find(t2)
        except BaseException as failure:
            watcher.mode.failed(failure)
            return original(t1, t2)
        out = original(t1, t2)
        try:
            with without_torch_function():
                swapped(tape, (t1, t2), before)
        except BaseException as failure:
            watcher.mode.failed(failure)
        return out

    return watching


def seams() -> Iterator[Seam]:
    """Yield the seams over what swaps tensors."""
    for owner, name in torch_inside.SWAPS:
        yield instead(owner, name, _swap)
