"""Torch compiles, traces or exports something."""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

import torch

from gradviz.recording.calls.rule import Function, TorchCall
from gradviz.recording.recorder import Recorder
from gradviz.recording.rules.ordinary import after
from gradviz.recording.seams.seam import Seam, instead
from gradviz.recording.seams.watcher import Watcher, of_thread
from gradviz.recording.torch_inside import sequence_number, without_torch_function
from gradviz.recording.unseen.compiling import aside, is_for_torch_itself, standing_aside, values_in
from gradviz.system.frames import leave_out_caller, uncounted


@functools.lru_cache(maxsize=16)
def _compile(original: Callable[..., Any]) -> Callable[..., Any]:
    """What the user compiles is run as it is written.

    What torch compiles to run it at once is run while the trace stands aside.
    """

    @uncounted
    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        out = original(*args, **kwargs)
        watcher: Watcher | None = getattr(of_thread, "watcher", None)
        if watcher is None:
            return out
        mode = watcher.mode
        if is_for_torch_itself(sys._getframe(1)):
            return aside(
                out, lambda: _standing_aside(watcher), partial(ran_aside, mode), sequence_number
            )
        mode.tape.compiled = True
        watcher.run_eagerly()
        return out

    return watching


@functools.lru_cache(maxsize=16)
def _traced_by_torch(original: Callable[..., Any]) -> Callable[..., Any]:
    """Torch traces or exports a model itself.

    What gradviz asks of a tensor would become part of that.
    """

    @uncounted
    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        watcher: Watcher | None = getattr(of_thread, "watcher", None)
        if watcher is None:
            return original(*args, **kwargs)
        with _standing_aside(watcher):
            try:
                return original(*args, **kwargs)
            except BaseException as error:
                leave_out_caller(error)
                raise

    return watching


@contextmanager
def _standing_aside(watcher: Watcher) -> Iterator[None]:
    """See nothing of what torch does meanwhile."""
    of_thread.watcher = None
    try:
        with standing_aside(watcher.mode, eager=bool(watcher.eagerly)):
            yield
    finally:
        of_thread.watcher = watcher


def _exporters() -> list[Any]:
    """Return the modules that export a model by a function of that name, where
    they were imported.
    """
    return [
        module
        for name in ("torch.export", "torch.onnx")
        if hasattr(module := sys.modules.get(name), "export")
    ]


def seams() -> Iterator[Seam]:
    """Yield the seams over what compiles, traces or exports."""
    yield instead(torch, "compile", _compile)
    yield instead(torch.jit, "trace", _traced_by_torch)
    yield instead(torch.jit, "trace_module", _traced_by_torch)
    for owner in _exporters():
        yield instead(owner, "export", _traced_by_torch)


# Torch has compiled and run something while the trace stood aside.


def ran_aside(
    recorder: Recorder, name: str, arguments: Any, out: Any, frame: FrameType | None, first: int
) -> None:
    """Torch has compiled and run something while the trace stood aside.

    One operation of all that it read.
    """
    if recorder.failure or frame is None:
        return
    try:
        with without_torch_function():
            recorder.first_node = first
            for result in out if isinstance(out, (tuple, list)) else (out,):
                given = (values_in(arguments),)
                after(TorchCall(recorder, Function(name), given, {}, result, None, frame))
    except BaseException as failure:
        recorder.failed(failure)
