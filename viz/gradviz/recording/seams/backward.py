"""A backward that the step runs: the one seam that has to look before, while and after."""

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch

from gradviz.recording.brought import Backward
from gradviz.recording.mode import RecordingMode
from gradviz.recording.reading import where
from gradviz.recording.reading.where import Spot
from gradviz.recording.recorder import described
from gradviz.recording.rules.hooks import hooks_ran
from gradviz.recording.seams.seam import Seam, instead, tensors_of
from gradviz.recording.seams.watcher import Watcher, of_thread
from gradviz.recording.torch_inside import parts_of, without_torch_function
from gradviz.system.frames import leave_out_caller, uncounted
from gradviz.system.undo import Action, Undo

# Those whose backward runs, by identity
_running: dict[int, Watcher] = {}

# Who puts :func:`around_backward` over ``torch.autograd.backward`` itself, by identity
watches_backward: set[int] = set()


@functools.lru_cache(maxsize=16)
def around_backward(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return what stands in for ``torch.autograd.backward``, here its original: it looks before,
    while and after, for a backward may free the graph.
    """

    @uncounted
    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        watcher: Watcher | None = getattr(of_thread, "watcher", None) or _of_engine()
        if watcher is None or watcher.mode.failure:
            try:
                return original(*args, **kwargs)
            except BaseException as raised:
                leave_out_caller(raised)
                raise
        outermost = not watcher.mode.observer.is_running
        backward: Backward | None = None
        error: BaseException | None = None
        off: list[Action] = []
        with Undo(off):
            if outermost:
                off.append(partial(_running.pop, id(watcher), None))
                _running[id(watcher)] = watcher
            try:
                backward = _begun(watcher.mode, off, args, kwargs)
                if backward is not None:
                    backward.spot = Spot._make((*where.quick(sys._getframe(1))[:4], -1))
                return original(*args, **kwargs)
            except BaseException as raised:
                error = raised
                leave_out_caller(raised)
                raise
            finally:
                _ended(watcher.mode, backward, error, outermost=outermost)
                error = None

    return watching


def _of_engine() -> Watcher | None:
    """Return who watches the backward that a thread of the engine's works on: for an accelerator it
    has one of its own, in which a reentrant checkpoint begins another backward.
    """
    if len(_running) != 1:
        return None
    own = threading.get_ident()
    for thread in threading.enumerate():
        if thread.ident == own and not thread.name.startswith("Dummy-"):
            return None  # made by Python
    return next(iter(_running.values()), None)


def _begun(
    mode: RecordingMode, off: list[Action], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Backward | None:
    inputs = args[5] if len(args) > 5 else kwargs.get("inputs")
    try:
        with without_torch_function():
            losses = tensors_of(args[0] if args else kwargs.get("tensors"))
            return mode.observer.begin(losses, None if inputs is None else tensors_of(inputs), off)
    except BaseException as failure:
        mode.failed(failure)
        return None


def _ended(
    mode: RecordingMode, backward: Backward | None, error: BaseException | None, *, outermost: bool
) -> None:
    try:
        with without_torch_function():
            leaves = mode.observer.end(backward, error, outermost=outermost)
            # What arrived at a flat parameter has arrived at those that it holds
            leaves += [part for leaf in leaves for part in parts_of(leaf)]
            mode.touches.forget(leaves, None if backward is None else backward.spot)
            mode.touches.arrived(leaves)
    except BaseException as failure:
        mode.failed(failure)
    if backward is not None and error is None:
        hooks_ran(mode, backward)
    if (
        backward is not None
        and backward.observation is not None
        and backward.observation.failure is not None
    ):
        mode.failure = mode.failure or described(backward.observation.failure)


def seams() -> Iterator[Seam]:
    """Yield the seam over ``torch.autograd.backward``, unless somebody else watches it."""
    if not watches_backward:
        yield instead(torch.autograd, "backward", around_backward)
