"""What another process is handed is out of sight from there on."""

import concurrent.futures.process
import multiprocessing.pool
import multiprocessing.process
import multiprocessing.queues
import os
from collections.abc import Iterator
from types import FrameType
from typing import Any

from gradviz.graph import CutKind
from gradviz.recording.calls.arguments import as_array
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.severing import write_down
from gradviz.recording.entries.records import Call, Exit
from gradviz.recording.mode import RecordingMode
from gradviz.recording.reading.where import INSIDE, level
from gradviz.recording.recorder import Recorder
from gradviz.recording.seams.seam import Called, Seam, about, seam
from gradviz.recording.unseen import elsewhere

_HANDING = (
    (multiprocessing.process.BaseProcess, "start"),
    (multiprocessing.queues.Queue, "put"),
    (concurrent.futures.process.ProcessPoolExecutor, "submit"),
    *(
        (multiprocessing.pool.Pool, name)
        for name in ("apply_async", "_map_async", "imap", "imap_unordered")
    ),
)


def _handed(name: str, call: Called) -> None:
    """What another process is handed is out of sight from there on."""
    receiver = call.args[0]
    if not _is_watched(call.mode, receiver):
        words = f"{type(receiver).__name__}.{name.strip('_')}"
        handed(call.mode, words, (call.args, call.kwargs), call.frame)


def _is_watched(mode: RecordingMode, receiver: Any) -> bool:
    """Say whether what is handed something is a pool of threads that the step started."""
    pool = isinstance(receiver, multiprocessing.pool.ThreadPool)
    return pool and all(thread.ident in mode.threads for thread in getattr(receiver, "_pool", ()))


def _forked(call: Called) -> None:
    # A pool or a loader of torch forks too, and what it is handed is known
    if call.out and level(call.frame.f_code.co_filename) != INSIDE:
        forked(call.mode, call.frame)


def seams() -> Iterator[Seam]:
    """Yield the seams over what hands something to another process."""
    if hasattr(os, "fork"):
        yield seam(os, "fork", _forked)
    for owner, name in _HANDING:
        if hasattr(owner, name):
            yield seam(owner, name, before=about(_handed, name))


# Another process is handed something: what it computes is out of sight.


def handed(recorder: Recorder, name: str, things: Any, frame: FrameType) -> None:
    """Another process is handed something, by which it may come to values of interest."""
    tensors = elsewhere.tensors_within(things)
    inputs = inputs_of(recorder, tensors, {})
    if not inputs:
        return
    serial = write_down(
        recorder,
        name,
        CutKind.NEW_TENSOR,
        inputs,
        recorder.stacks.look_around(frame),
        None,
    )
    recorder.escapes.any = True
    for tensor in tensors:
        if recorder.tape.origin(tensor) is not None:
            recorder.escapes.values.left(as_array(tensor), serial)
    recorder.tape.left(serial, Exit.DATA)


def forked(recorder: Recorder, frame: FrameType) -> None:
    """The process was copied, with every value, and the copy may write into memory of both."""
    tape, spot = recorder.tape, recorder.stacks.look_around(frame).spot
    tape.forks.append(tape.call(Call("fork", None, "os.fork()", (), spot)))
    recorder.escapes.any = True
    recorder.met.forget_all()
