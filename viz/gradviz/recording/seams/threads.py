"""Threads that the step starts, and jobs that it gives to a pool of threads."""

import concurrent.futures.thread
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.locked import new_lock
from gradviz.recording.mode import RecordingMode
from gradviz.recording.reading.where import Spot
from gradviz.recording.seams.seam import Called, Seam, instead, seam
from gradviz.recording.seams.watcher import Watcher, of_thread, users
from gradviz.recording.tensor_state import history

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


# Threads that a traced step starts, and jobs that it gives to a pool of threads.


class ThreadMode(RecordingMode):
    """Watches the torch calls of a thread that the traced one has started."""

    def __init__(self, parent: RecordingMode) -> None:
        super().__init__(parent.tape, parent.touches)
        self._parent = parent
        self.lock = parent.lock
        self.escapes, self.exposed, self.gradients = (
            parent.escapes,
            parent.exposed,
            parent.gradients,
        )
        self.met = parent.met

    def failed(self, failure: BaseException) -> None:
        super().failed(failure)
        self._parent.failure = self._parent.failure or self.failure

    def note_nodes(
        self, args: Any, kwargs: Any, outs: tuple[Tensor, ...], last: int, spot: tuple[Any, ...]
    ) -> None:
        """Mark the nodes that a call made: their numbers say nothing outside their thread."""
        made_before = {history(item) for item in tensors_in((*args, *kwargs.values()))}
        line = Spot._make(spot)
        stack = [history(out) for out in outs]
        while stack:
            node = stack.pop()
            if node is not None and node not in made_before and self.tape.stamp_of(node) is None:
                self.tape.stamp(node, line)
                stack += [before for before, _ in node.next_functions]
        self.tape.lines.made_aside(
            line,
            [
                item
                for item in tensors_in((*args, *kwargs.values()))
                if isinstance(item, nn.Parameter)
            ],
        )


@contextmanager
def watched(parent: RecordingMode) -> Iterator[ThreadMode]:
    """Watch this thread for the trace of another."""
    mode = ThreadMode(parent)
    parent.children.append(mode)
    torch_inside.push(mode)
    try:
        yield mode
    finally:
        for step in torch_inside.taking_out(mode):
            step()
        mode.end()
