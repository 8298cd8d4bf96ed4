"""What another process is handed is out of sight from there on."""

import concurrent.futures.process
import functools
import multiprocessing.pool
import multiprocessing.process
import multiprocessing.queues
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from gradviz.recording.mode import RecordingMode
from gradviz.recording.rules.handed import forked, handed
from gradviz.recording.seams.seam import Seam, instead, seam
from gradviz.recording.seams.watcher import Watcher, of_thread
from gradviz.recording.torch_inside import without_torch_function
from gradviz.recording.where import INSIDE, level

_HANDING = (
    (multiprocessing.process.BaseProcess, "start"),
    (multiprocessing.queues.Queue, "put"),
    (concurrent.futures.process.ProcessPoolExecutor, "submit"),
    *(
        (multiprocessing.pool.Pool, name)
        for name in ("apply_async", "_map_async", "imap", "imap_unordered")
    ),
)


@functools.lru_cache(maxsize=16)
def _handing(original: Callable[..., Any]) -> Callable[..., Any]:
    """What another process is handed is out of sight from there on."""

    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        watcher: Watcher | None = getattr(of_thread, "watcher", None)
        if watcher is not None and not watcher.mode.failure:
            try:
                with without_torch_function():
                    if not _is_watched(watcher.mode, args[0]):
                        name = f"{type(args[0]).__name__}.{original.__name__.strip('_')}"
                        handed(watcher.mode, name, (args, kwargs), sys._getframe(1))
            except BaseException as failure:
                watcher.mode.failed(failure)
        return original(*args, **kwargs)

    return watching


def _is_watched(mode: RecordingMode, receiver: Any) -> bool:
    """Say whether what is handed something is a pool of threads that the step started."""
    pool = isinstance(receiver, multiprocessing.pool.ThreadPool)
    return pool and all(thread.ident in mode.threads for thread in getattr(receiver, "_pool", ()))


def _forked(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    # A pool or a loader of torch forks too, and what it is handed is known
    if out and level(frame.f_code.co_filename) != INSIDE:
        forked(watcher.mode, frame)


def seams() -> Iterator[Seam]:
    """Yield the seams over what hands something to another process."""
    if hasattr(os, "fork"):
        yield seam(os, "fork", _forked)
    for owner, name in _HANDING:
        if hasattr(owner, name):
            yield instead(owner, name, _handing)
