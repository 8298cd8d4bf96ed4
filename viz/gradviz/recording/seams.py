"""The few calls that make tensors out of tensors unseen by a torch function mode, watched while a
trace runs and put back after.

``nn.Parameter(t)`` and ``Variable(t)`` share t's memory without its history, ``torch.from_numpy``
brings an array back, collectives write into plain tensors, and nothing is called where
``torch.inference_mode`` begins. Each seam calls the original first and changes nothing about its
result; it does so for every thread, and takes note only for the one that is traced. Seams are put
in when the first trace begins and taken out when the last one ends.
"""

import concurrent.futures.process
import concurrent.futures.thread
import functools
import multiprocessing.pool
import multiprocessing.process
import multiprocessing.queues
import operator
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain, compress, repeat
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from gradviz.causes import CAUSES
from gradviz.recording import sharded, torch_inside, where
from gradviz.recording.compiling import aside, is_for_torch_itself, standing_aside
from gradviz.recording.identity import Facts, Tensors
from gradviz.recording.locked import Locked, new_lock
from gradviz.recording.mode import RecordingMode
from gradviz.recording.observe import Backward
from gradviz.recording.recorder import described
from gradviz.recording.rules.communicated import communicated
from gradviz.recording.rules.compiled import ran_aside
from gradviz.recording.rules.handed import handed
from gradviz.recording.rules.hooks import hooked, hooks_ran
from gradviz.recording.rules.leaving import array_came_back, came_from_memory
from gradviz.recording.rules.rewrapped import aliased, copied, given_memory, rewrapped
from gradviz.recording.rules.scripts import ran_script
from gradviz.recording.rules.swapped import swapped
from gradviz.recording.step_watch import OptimizerWatch
from gradviz.recording.threads import watched
from gradviz.recording.torch_inside import (
    sequence_number,
    something_is_compiled,
    without_torch_function,
)
from gradviz.recording.uninterrupted import Action, Undo, as_one, when_empty
from gradviz.recording.where import Spot

Note = Callable[["Watcher", Any, tuple[Any, ...], dict[str, Any], Any], None]

# name -> what is written to and what is read from: position and name of the argument
_COLLECTIVES: dict[str, tuple[tuple[int, str], tuple[int, str]]] = {
    "all_gather": ((0, "tensor_list"), (1, "tensor")),
    "all_gather_into_tensor": ((0, "output_tensor"), (1, "input_tensor")),
    "all_gather_coalesced": ((0, "output_tensor_lists"), (1, "input_tensor_list")),
    "all_to_all": ((0, "output_tensor_list"), (1, "input_tensor_list")),
    "all_to_all_single": ((0, "output"), (1, "input")),
    "gather": ((1, "gather_list"), (0, "tensor")),
    "scatter": ((0, "tensor"), (1, "scatter_list")),
    "reduce_scatter": ((0, "output"), (1, "input_list")),
    "reduce_scatter_tensor": ((0, "output"), (1, "input")),
}


def held_by(optimizers: Iterable[torch.optim.Optimizer]) -> set[int]:
    """Return what some optimizers hold, by identity."""
    return {
        id(parameter)
        for optimizer in optimizers
        for group in optimizer.param_groups
        for parameter in group["params"]
    }


class Optimized:
    """The optimizers built during a trace, known weakly.

    Also what one held that is gone since, as one local to the step is.
    """

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors
        self._built: list[tuple[weakref.ref[torch.optim.Optimizer], list[Facts]]] = []

    def add(self, optimizer: torch.optim.Optimizer) -> None:
        parameters = [
            parameter for group in optimizer.param_groups for parameter in group["params"]
        ]
        self._built.append(
            (weakref.ref(optimizer), [self._tensors.know(parameter) for parameter in parameters])
        )

    def held(self) -> set[int] | None:
        """Return what they hold, by identity; None where none was built."""
        alive = [
            optimizer for reference, _ in self._built if (optimizer := reference()) is not None
        ]
        if alive:
            return held_by(alive)
        return (
            {
                known.key
                for _, held in self._built
                for known in held
                if self._tensors.is_valid(known)
            }
            if self._built
            else None
        )


class Watcher(NamedTuple):
    """Who takes note in one thread."""

    mode: RecordingMode
    optimizers: Optimized
    training: OptimizerWatch
    eagerly: list[Action]  # what ends running eagerly, once it has begun

    def run_eagerly(self) -> None:
        """Have compiled code run as it is written, which shows the true graph, until the trace
        ends.
        """
        if not self.eagerly:
            self.eagerly.append(torch_inside.putting_stance_back())
            torch.compiler.set_stance("force_eager")


class Seam(NamedTuple):
    """What stands in for an attribute while somebody watches."""

    owner: Any
    name: str
    watching: Any
    inherited: bool  # the owner had no attribute of its own
    original: Any

    @classmethod
    def over(cls, owner: Any, name: str, watching: Any) -> Self:
        """Return the seam over an attribute that the owner has itself."""
        return cls(owner, name, watching, False, vars(owner)[name])

    @property
    def put_in(self) -> Action:
        """One call of C."""
        return partial(setattr, self.owner, self.name, self.watching)

    @property
    def take_out(self) -> Action:
        """Where it is there still.

        Somebody may have put something of their own there since, which may call it. One call of C.
        """
        is_there = map(
            partial(operator.is_, self.watching), map(vars(self.owner).get, (self.name,))
        )
        if self.inherited:
            return partial(
                deque, map(delattr, repeat(self.owner), compress((self.name,), is_there)), 0
            )
        return partial(
            deque,
            map(
                setattr, repeat(self.owner), repeat(self.name), compress((self.original,), is_there)
            ),
            0,
        )


_here = threading.local()
_lock = threading.Lock()
_users: set[int] = set()  # the watchers of all threads, by identity
_installed: list[Seam] = []
_out: list[Action] = []  # what takes them out
# Who puts :func:`around_backward` over ``torch.autograd.backward`` itself, by identity
watches_backward: set[int] = set()


def begin(watcher: Watcher) -> None:
    """Watch the seams for one mode, in this thread, and note the optimizers built.

    Where this raises, ``ending`` tells what to undo.
    """
    _users.add(id(watcher))  # from here on nobody else takes the seams out
    with _lock:
        if not _installed:
            seams = _seams()
            out = [*(seam.take_out for seam in seams), _installed.clear, _out.clear]
            as_one(
                [
                    partial(_installed.extend, seams),
                    partial(_out.extend, out),
                    *(seam.put_in for seam in seams),
                ]
            )()
    _here.watcher = watcher
    if something_is_compiled():
        watcher.run_eagerly()


def ending(watcher: Watcher) -> Iterable[Action]:
    """Return the steps after which everything is as it was before ``begin``."""
    return chain(
        [partial(setattr, _here, "watcher", None)],
        watcher.eagerly,
        [partial(_users.discard, id(watcher)), when_empty(_users, _out)],
    )


def _seams() -> list[Seam]:
    """Return the seams over what is there now, which somebody else may have replaced."""
    found = [
        _seam(nn.Parameter, "__new__", _rewrapped("nn.Parameter"), static=True),
        _seam(torch.autograd.Variable, "__new__", _rewrapped("Variable"), static=True),
        _seam(torch, "from_numpy", _came_back),
        _seam(torch.Tensor, "set_", _given_memory),
        _seam(torch.Tensor, "as_subclass", _aliased),
        _seam(torch.Tensor, "_make_subclass", _subclass_made, static=True),
        _seam(torch.nested, "nested_tensor", _nested),
        *(
            _seam(owner, name, _came_from_memory(entrance))
            for cause in CAUSES
            for entrance in cause.back
            for owner, name in torch_inside.ENTRANCES[entrance]
        ),
        *([] if watches_backward else [_instead(torch.autograd, "backward", around_backward)]),
        *(_instead(owner, name, _swap) for owner, name in torch_inside.SWAPS),
        *(
            Seam(kind, "__call__", _scripted(kind.__call__), False, vars(kind)["__call__"])
            for kind in torch_inside.SCRIPTED
        ),
        _seam(torch.inference_mode, "__enter__", _inference_began),
        _seam(torch.inference_mode, "__exit__", _inference_ended),
        _seam(torch.optim.Optimizer, "__init__", _optimizer_made),
        _seam(torch.amp.GradScaler, "step", _scaled),
        _instead(torch, "compile", _compile),
        _instead(torch.jit, "trace", _traced_by_torch),
        _instead(torch.jit, "trace_module", _traced_by_torch),
        *(_instead(owner, "export", _traced_by_torch) for owner in _exporters()),
        _instead(threading.Thread, "start", _starting),
        *(_instead(owner, name, _begun_aside) for owner, name in _ASIDE if hasattr(owner, name)),
        _seam(concurrent.futures.thread._WorkItem, "__init__", _submitted),
        *(_instead(owner, name, _handing) for owner, name in _HANDING if hasattr(owner, name)),
        _seam(nn.Module, "register_full_backward_hook", _hooked),
        _seam(nn.Module, "register_backward_hook", _hooked),
    ]
    distributed = sys.modules.get("torch.distributed.distributed_c10d")
    if distributed is not None:
        found += [
            _seam(module, name, _communicated(name))
            for module in (torch.distributed, distributed)
            for name in _COLLECTIVES
            if hasattr(module, name)
        ]
    return found


def _seam(owner: Any, name: str, note: Note, *, static: bool = False) -> Seam:
    own = vars(owner).get(name)
    watching = _watching(getattr(owner, name), note)
    return Seam(owner, name, staticmethod(watching) if static else watching, own is None, own)


@functools.lru_cache(maxsize=256)
def _watching(original: Callable[..., Any], note: Note) -> Callable[..., Any]:
    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        out = original(*args, **kwargs)
        watcher: Watcher | None = getattr(_here, "watcher", None)
        if watcher is not None and not watcher.mode.failure:
            try:
                with (
                    without_torch_function()
                    if watcher.mode.lock is None
                    else Locked(watcher.mode.lock, without_torch_function())
                ):
                    note(watcher, sys._getframe(1), args, kwargs, out)
            except BaseException as failure:
                watcher.mode.failed(failure)
        return out

    return watching


def _instead(
    owner: Any, name: str, watching: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Seam:
    original = getattr(owner, name)
    return Seam(owner, name, watching(original), False, original)


@functools.lru_cache(maxsize=16)
def around_backward(original: Callable[..., Any]) -> Callable[..., Any]:
    """The one seam that has to look before, while and after: a backward may free the graph."""

    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        watcher: Watcher | None = getattr(_here, "watcher", None)
        if watcher is None or watcher.mode.failure:
            return original(*args, **kwargs)
        outermost = not watcher.mode.observer.is_running
        backward: Backward | None = None
        error: BaseException | None = None
        off: list[Action] = []
        with Undo(off):
            try:
                backward = _begun(watcher.mode, off, args, kwargs)
                if backward is not None:
                    backward.spot = Spot._make((*where.quick(sys._getframe(1))[:4], -1))
                return original(*args, **kwargs)
            except BaseException as raised:
                error = raised
                raise
            finally:
                _ended(watcher.mode, backward, error, outermost=outermost)
                error = None

    return watching


@functools.lru_cache(maxsize=16)
def _compile(original: Callable[..., Any]) -> Callable[..., Any]:
    """What the user compiles is run as it is written.

    What torch compiles to run it at once is run while the trace stands aside.
    """

    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        out = original(*args, **kwargs)
        watcher: Watcher | None = getattr(_here, "watcher", None)
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

    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        watcher: Watcher | None = getattr(_here, "watcher", None)
        if watcher is None:
            return original(*args, **kwargs)
        with _standing_aside(watcher):
            return original(*args, **kwargs)

    return watching


@contextmanager
def _standing_aside(watcher: Watcher) -> Iterator[None]:
    """See nothing of what torch does meanwhile."""
    _here.watcher = None
    try:
        with standing_aside(watcher.mode, eager=bool(watcher.eagerly)):
            yield
    finally:
        _here.watcher = watcher


def _exporters() -> list[Any]:
    """Return the modules that export a model by a function of that name, where
    they were imported.
    """
    return [
        module
        for name in ("torch.export", "torch.onnx")
        if hasattr(module := sys.modules.get(name), "export")
    ]


@functools.lru_cache(maxsize=16)
def _swap(original: Callable[..., Any]) -> Callable[..., Any]:
    """Follow two tensors that exchange their contents."""

    @functools.wraps(original)
    def watching(t1: Any, t2: Any) -> Any:
        watcher: Watcher | None = getattr(_here, "watcher", None)
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


def _scripted(original: Callable[..., Any]) -> Callable[..., Any]:
    """TorchScript makes its autograd nodes out of Python's sight.

    Between which numbers is to be known.
    """

    @functools.wraps(original)
    def watching(function: Any, *args: Any, **kwargs: Any) -> Any:
        watcher: Watcher | None = getattr(_here, "watcher", None)
        first = torch_inside.sequence_number()
        out = original(function, *args, **kwargs)
        if watcher is not None and not watcher.mode.failure:
            try:
                with without_torch_function():
                    ran_script(watcher.mode, function, first, args, kwargs, out, sys._getframe(1))
            except BaseException as failure:
                watcher.mode.failed(failure)
        return out

    return watching


_BOOTSTRAP = "_bootstrap_inner"  # what a new thread runs first; Python 3.11 to 3.13
_ASIDE = ((threading.Thread, _BOOTSTRAP), (concurrent.futures.thread._WorkItem, "run"))
_HANDING = (
    (multiprocessing.process.BaseProcess, "start"),
    (multiprocessing.queues.Queue, "put"),
    (concurrent.futures.process.ProcessPoolExecutor, "submit"),
    *(
        (multiprocessing.pool.Pool, name)
        for name in ("apply_async", "_map_async", "imap", "imap_unordered")
    ),
)
_to_watch: dict[int, Watcher] = {}  # by identity of a thread that starts, or of a job of a pool


@functools.lru_cache(maxsize=16)
def _starting(original: Callable[..., Any]) -> Callable[..., Any]:
    """A thread that the step starts is part of it.

    Those of a pool of threads are, as long as they do its jobs.
    """

    @functools.wraps(original)
    def watching(thread: threading.Thread) -> Any:
        watcher: Watcher | None = getattr(_here, "watcher", None)
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


def _submitted(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    _will_run(watcher, args[0])


@functools.lru_cache(maxsize=16)
def _begun_aside(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def watching(thing: Any) -> Any:
        watcher = _to_watch.pop(id(thing), None)
        if (
            watcher is None
            or watcher.mode.failure
            or id(watcher) not in _users
            or getattr(_here, "watcher", None) is not None
        ):
            return original(thing)
        watcher.mode.threads.add(threading.get_ident())
        with watched(watcher.mode) as mode:
            _here.watcher = watcher._replace(mode=mode)
            try:
                return original(thing)
            finally:
                _here.watcher = None

    return watching


@functools.lru_cache(maxsize=16)
def _handing(original: Callable[..., Any]) -> Callable[..., Any]:
    """What another process is handed is out of sight from there on."""

    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        watcher: Watcher | None = getattr(_here, "watcher", None)
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


def _begun(
    mode: RecordingMode, off: list[Action], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Backward | None:
    inputs = args[5] if len(args) > 5 else kwargs.get("inputs")
    try:
        with without_torch_function():
            losses = _flat(args[0] if args else kwargs.get("tensors"))
            return mode.observer.begin(losses, None if inputs is None else _flat(inputs), off)
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
            leaves += [part for leaf in leaves for part in sharded.parts_of(leaf)]
            mode.touches.forget(leaves)
            mode.touches.arrived(leaves)
    except BaseException as failure:
        mode.failed(failure)
    if backward is not None and error is None:
        hooks_ran(mode, backward)
    if backward is not None and backward.seen is not None and backward.seen.failure is not None:
        mode.failure = mode.failure or described(backward.seen.failure)


@functools.cache
def _rewrapped(name: str) -> Note:
    def note(
        watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> None:
        value = args[1] if len(args) > 1 else kwargs.get("data")
        if isinstance(out, nn.Parameter):
            watcher.training.owners.created(out, frame)
        if isinstance(value, Tensor) and isinstance(out, Tensor):
            rewrapped(watcher.mode, name, value, out, frame)

    return note


@functools.cache
def _communicated(name: str) -> Note:
    def note(
        watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> None:
        written, read = (
            _flat(args[place] if place < len(args) else kwargs.get(label))
            for place, label in _COLLECTIVES[name]
        )
        communicated(watcher.mode, name, written, read, frame)

    return note


def _came_back(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    array_came_back(watcher.mode, args[0], out, frame)


def _given_memory(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    if len(args) > 1 or kwargs:
        given_memory(
            watcher.mode, args[0], args[1] if len(args) > 1 else next(iter(kwargs.values())), frame
        )


def _aliased(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    aliased(watcher.mode, "as_subclass", args[0], out, frame)


def _subclass_made(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    if len(args) > 1 and not isinstance(out, nn.Parameter):  # which is told of where it is made
        aliased(watcher.mode, "Tensor._make_subclass", args[1], out, frame)


def _nested(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    copied(watcher.mode, "torch.nested.nested_tensor", args[:1], out, frame)


@functools.cache
def _came_from_memory(entrance: str) -> Note:
    def note(
        watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> None:
        came_from_memory(watcher.mode, entrance, out, frame)

    return note


def _inference_began(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    watcher.mode.inference_blocks.append(watcher.mode.stacks.look_at_switch(frame))


def _inference_ended(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    del watcher.mode.inference_blocks[-1:]


def _optimizer_made(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    watcher.optimizers.add(args[0])
    watcher.training.made(args[0], frame)


def _scaled(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    optimizer = args[1] if len(args) > 1 else kwargs.get("optimizer")
    if isinstance(optimizer, torch.optim.Optimizer):
        watcher.training.scaled(optimizer)


def _hooked(
    watcher: Watcher, frame: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    hooked(watcher.mode, args[0], frame)


def _flat(value: Any) -> tuple[Tensor, ...]:
    if isinstance(value, Tensor):
        return (value,)
    return tuple(item for item in value or () if isinstance(item, Tensor))
