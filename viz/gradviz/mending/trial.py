"""One trial.

The step is run with changed source, in a process that does nothing else and ends after it.
"""

import hashlib
import linecache
import os
import random
import runpy
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradviz.costing.saved import SavedBytes
from gradviz.errors import GradvizError
from gradviz.judging.model_names import names_of
from gradviz.mending.counting import Counting
from gradviz.mending.onward import Onward, run_again
from gradviz.mending.order import Experiment, Order
from gradviz.mending.outcome import CallBits, Failure, KeptMemory, TrialOutcome
from gradviz.recording.reading import where
from gradviz.running import names
from gradviz.running.backwards import Watch
from gradviz.running.settings import Settings, numbers
from gradviz.running.steps import find_function, run_traced

_SEED = 0
_TIMED = 1.0  # seconds in which a step is timed
_LEAST, _MOST = 4, 21  # runs of it, the first for warmth
_KIB = 1 if sys.platform == "darwin" else 1024  # what the system counts memory in


def perform(order: Order) -> TrialOutcome:
    """Run the step of an order, seeded as every other trial, and return what was seen."""
    os.chdir(order.folder)
    replace_sources(order.sources)
    random.seed(_SEED)
    np.random.seed(_SEED)
    torch.manual_seed(_SEED)
    start = time.perf_counter()
    try:
        if order.experiment is not None:
            outcome = TrialOutcome(kept=_count_kept(order, order.experiment))
        elif order.onward:
            outcome = _run_on(order)
        elif order.is_script:
            outcome = _run_script(order)
        else:
            outcome = _time_function(order) if order.timed else _run_function(order)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        cause = (
            error.__cause__
            if isinstance(error, GradvizError) and error.__cause__ is not None
            else error
        )
        outcome = TrialOutcome(failure=_failure(cause))
    return replace(outcome, seconds=time.perf_counter() - start, peak=_peak())


def _peak() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


def _failure(error: BaseException) -> Failure:
    file, line = _innermost(error.__traceback__)
    message = str(error).strip().splitlines()
    return Failure(
        kind=type(error).__name__, message=message[0] if message else "", file=file, line=line
    )


def _innermost(entry: TracebackType | None) -> tuple[str, int]:
    """Return the last line of the user's that an exception came through."""
    file, line = "", 0
    while entry is not None:
        name = entry.tb_frame.f_code.co_filename
        if where.level(name) == where.USER:
            file, line = name, entry.tb_lineno
        entry = entry.tb_next
    return file, line


# A function


def _run_function(order: Order) -> TrialOutcome:
    traced = run_traced(order.step, find_function(order.step))
    tensors: dict[str, Tensor] = (
        {} if traced.model is None else dict(names_of(traced.model).tensors)
    )
    return TrialOutcome(text=traced.report.to_json(), calls=(_measured(traced.loss, tensors),))


def _time_function(order: Order) -> TrialOutcome:
    """Run the step untraced, once for warmth and then for a while; return how long each run
    took.
    """
    function = find_function(order.step)
    times: list[float] = []
    saved = 0
    end = time.perf_counter() + _TIMED
    while len(times) < _LEAST or (len(times) < _MOST and time.perf_counter() < end):
        torch.manual_seed(_SEED)
        with SavedBytes() if not times else nullcontext() as counting:
            start = time.perf_counter()
            result: Any = function()
            loss, model = (
                result if isinstance(result, tuple) and len(result) == 2 else (result, None)
            )
            if counting is not None:
                saved = counting.leave_out(
                    names_of(model).tensors.values() if model is not None else ()
                )
            for tensor in _tensors(loss):
                if tensor.requires_grad and tensor.grad_fn is not None and tensor.numel() == 1:
                    _backward(tensor)
            times.append(time.perf_counter() - start)
        del result, loss, model
    return TrialOutcome(times=tuple(times[1:]), saved=saved)


def _backward(loss: Tensor) -> None:
    with suppress(RuntimeError):  # the step ran it itself
        loss.backward()  # type: ignore[no-untyped-call]


# A script


def _nothing(text: str, /, *, alarm: bool = False) -> None:
    """Say nothing of it."""


class _Measuring(Watch):
    """Watches a script as ``gradviz run`` does, and takes the bits of each call that is reported
    on.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, voice=_nothing)
        self.measured: list[CallBits] = []

    def _called(
        self, frame: FrameType, args: Any, kwargs: Any, error: Exception | None, out: Any
    ) -> None:
        before = len(self._account.kept.calls)
        super()._called(frame, args, kwargs, error, out)
        if len(self._account.kept.calls) > before:
            loss = args[0] if args else next(iter(kwargs.values()))
            self.measured.append(_measured(loss, names_of(names.find(frame).roots).tensors))


def _count_kept(order: Order, experiment: Experiment) -> KeptMemory:
    counting = Counting(experiment)
    with counting, suppress(SystemExit):
        _as_main(order)
    if counting.kept is None:
        raise GradvizError(f"the script ended before backward {experiment.backward}")
    return counting.kept


def _run_on(order: Order) -> TrialOutcome:
    if not order.is_script:
        run_again(find_function(order.step))
        return TrialOutcome()
    with Onward(), suppress(SystemExit):
        _as_main(order)
    return TrialOutcome()


def _run_script(order: Order) -> TrialOutcome:
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "report.json")
        wanted = numbers(order.backward) if order.backward else (1,)
        settings = Settings(
            backward=wanted,
            until_stepped=not order.backward,
            stop=True,
            outputs=(output,),
            root=os.getpid(),
        )
        watch = _Measuring(settings)
        watch.begin()
        failure = None
        try:
            _as_main(order)
        except SystemExit:
            pass
        except (Exception, KeyboardInterrupt) as error:
            failure = _failure(error)
        finally:
            watch.end()
        text = Path(output).read_text(encoding="utf-8") if os.path.exists(output) else ""
    if not text and failure is None:
        failure = Failure(
            kind="GradvizError",
            message="the script made no backward call that was asked for (a function in it is"
            f" written {order.step}:function)",
        )
    if failure is not None:  # what was seen of a step that then failed says nothing of the patch
        return TrialOutcome(failure=failure, text=text, calls=tuple(watch.measured))
    return TrialOutcome(text=text, calls=tuple(watch.measured))


def _as_main(order: Order) -> None:
    """Run a script, or a module, as Python does."""
    sys.argv[:] = [order.step, *order.arguments]
    if order.module:
        sys.path.insert(0, order.folder)
        runpy.run_module(order.step, run_name="__main__", alter_sys=True)
    else:
        _run_file(order)


def _run_file(order: Order) -> None:
    path = Path(order.step)
    if not path.is_file():
        raise GradvizError(f"there is no file {order.step!r}")
    real = os.path.realpath(path)
    data = next(
        (data for file, data in order.sources.items() if os.path.realpath(file) == real), None
    )
    main = types.ModuleType("__main__")
    main.__file__ = order.step
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    sys.path.insert(0, os.path.dirname(real))
    exec(compile(path.read_bytes() if data is None else data, order.step, "exec"), main.__dict__)


# Bits


def _measured(loss: Any, tensors: Any) -> CallBits:
    losses = [part for part in _tensors(loss) if isinstance(part, Tensor)]
    gradients: dict[str, str | None] = {}
    finite = True
    for name, tensor in tensors.items():
        gradient = tensor.grad if isinstance(tensor, Tensor) else None
        gradients[name] = None if gradient is None else _digest(gradient)
        finite = finite and (gradient is None or _is_finite(gradient))
    return CallBits(
        loss=" ".join(_bits(part).hex() for part in losses),
        value=", ".join(
            f"{part.detach().double().sum().item():.9g}" for part in losses if part.numel() == 1
        ),
        gradients=gradients,
        finite=finite,
    )


def _tensors(loss: Any) -> Iterable[Any]:
    if isinstance(loss, Tensor):
        return (loss,)
    values = loss.values() if isinstance(loss, dict) else loss
    return values if isinstance(values, Iterable) else ()


def _digest(tensor: Tensor) -> str:
    return hashlib.sha256(_bits(tensor)).hexdigest()[:32]


def _bits(tensor: Tensor) -> bytes:
    """Return the bytes of a tensor's numbers; none where they cannot be read."""
    read: bytes = _read(lambda: _plain(tensor).reshape(-1).view(torch.uint8).numpy().tobytes(), b"")
    return read


def _is_finite(tensor: Tensor) -> bool:
    return bool(_read(lambda: torch.isfinite(_plain(tensor)).all(), True))


def _plain(tensor: Tensor) -> Tensor:
    plain = tensor.detach()
    plain = plain.to_dense() if plain.layout != torch.strided else plain
    return plain.resolve_conj().resolve_neg().cpu().contiguous()


def _read(read: Callable[[], Any], otherwise: Any) -> Any:
    with suppress(RuntimeError, TypeError, NotImplementedError), torch.no_grad():
        return read()
    return otherwise


# Changed source in the place of files, in this process alone.


def replace_sources(changed: Mapping[str, bytes]) -> None:
    """Have Python take these bytes for what stands in these files, from here to the end of the
    process.

    The loader of every module that lies in a file is asked for its bytes, whether it is imported,
    run by ``runpy`` or loaded by its path. A loader that has no time of its file reads and writes
    no byte code.
    """
    by_path = {os.path.realpath(file): data for file, data in changed.items()}
    get_data, path_stats = SourceFileLoader.get_data, SourceFileLoader.path_stats

    def data_of(loader: Any, path: str) -> bytes:
        changed_data = by_path.get(os.path.realpath(path))
        return get_data(loader, path) if changed_data is None else changed_data

    def stats_of(loader: Any, path: str) -> Mapping[str, Any]:
        if os.path.realpath(path) in by_path:
            raise OSError("its source is changed")
        return path_stats(loader, path)

    SourceFileLoader.get_data = data_of  # type: ignore[method-assign, assignment]
    SourceFileLoader.path_stats = stats_of  # type: ignore[method-assign, assignment]
    for file, data in changed.items():
        lines = data.decode("utf-8", "replace").splitlines(keepends=True)
        for name in {file, os.path.realpath(file), os.path.abspath(file)}:
            linecache.cache[name] = (len(data), None, lines, name)
