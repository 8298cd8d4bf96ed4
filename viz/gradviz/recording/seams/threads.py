"""Threads that the step starts, and jobs that it gives to a pool of threads."""

import concurrent.futures.thread
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

from gradviz.recording.locked import new_lock
from gradviz.recording.seams.seam import Called, Seam, instead, seam
from gradviz.recording.seams.watcher import Watcher, of_thread, users
from gradviz.recording.threads import watched

_BOOTSTRAP = "_bootstrap_inner"  # what a new thread runs first; Python 3.11 to 3.13
_ASIDE = ((threading.Thread, _BOOTSTRAP), (concurrent.futures.thread._WorkItem, "run"))
_to_watch: dict[int, Watcher] = {}  # by identity of a thread that starts, or of a job of a pool


@functools.lru_cache(maxsize=16)
def _starting(original: Callable[..., Any]) -> Callable[..., Any]:
    """A thread that the step starts is part of it.

    Those of a pool of threads are, as long as they do its jobs.
    """

    @functools.wraps(original)
    def watching(thread: threading.Thread) -> Any:
        watcher: Watcher | None = getattr(of_thread, "watcher", None)
        if (
            watcher is None
            or watcher.mode.failure
            or getattr(thread, "_target", None) is concurrent.futures.thread._worker
        ):
            return original(thread)
        _will_run(watcher, thread)
        try:
            return original(thread)
        except BaseException:
            _to_watch.pop(id(thread), None)
            raise

    return watching


def _will_run(watcher: Watcher, thing: object) -> None:
    watcher.mode.lock = watcher.mode.lock or new_lock()
    _to_watch[id(thing)] = watcher


def _submitted(call: Called) -> None:
    _will_run(call.watcher, call.args[0])


@functools.lru_cache(maxsize=16)
def _begun_aside(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def watching(thing: Any) -> Any:
        watcher = _to_watch.pop(id(thing), None)
        if (
            watcher is None
            or watcher.mode.failure
            or id(watcher) not in users
            or getattr(of_thread, "watcher", None) is not None
        ):
            return original(thing)
        watcher.mode.threads.add(threading.get_ident())
        with watched(watcher.mode) as mode:
            of_thread.watcher = watcher._replace(mode=mode)
            try:
                return original(thing)
            finally:
                of_thread.watcher = None

    return watching


def seams() -> Iterator[Seam]:
    """Yield the seams over what starts a thread or hands a pool a job."""
    yield instead(threading.Thread, "start", _starting)
    for owner, name in _ASIDE:
        if hasattr(owner, name):
            yield instead(owner, name, _begun_aside)
    yield seam(concurrent.futures.thread._WorkItem, "__init__", _submitted)
