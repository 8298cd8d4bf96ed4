"""What goes on out of sight: other processes, and threads that ran before the trace.

What such a place is handed is known by the objects that can be come to from what is handed. What it
makes of them is not, so a value that comes in from there may be made of any of them.
"""

import gc
import sys
import threading
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from torch import Tensor

from gradviz.recording.reading.where import USER, level
from gradviz.system import collector
from gradviz.system.undo import Undo

_MOST = 20_000  # objects that are looked at
_CLOSED = (
    type,
    ModuleType,
    CodeType,
    FrameType,
    BuiltinFunctionType,
    str,
    bytes,
    int,
    float,
    complex,
    threading.Thread,
)


def tensors_within(things: Any) -> tuple[Tensor, ...]:
    """Return the tensors that can be come to from some objects, without running
    anything of theirs.
    """
    tensors: list[Tensor] = []
    met: dict[int, Any] = {}
    stack = [things]
    while stack and len(met) < _MOST:
        thing = stack.pop()
        if id(thing) in met or isinstance(thing, _CLOSED):
            continue
        met[id(thing)] = thing
        if isinstance(thing, Tensor):
            tensors.append(thing)
        elif isinstance(thing, FunctionType):
            stack.extend(_used_by(thing))
        else:
            stack.extend(gc.get_referents(thing))
    return tuple(tensors)


def _used_by(function: FunctionType) -> Iterator[Any]:
    """Yield what a function can read.

    The variables around it, its defaults, the globals that it names, and of classes and modules
    among these the attributes that it names.
    """
    holders: list[Any] = []
    for cell in function.__closure__ or ():
        try:
            holders.append(cell.cell_contents)
        except ValueError:  # not filled yet
            continue
    yield from holders
    yield function.__defaults__
    yield function.__kwdefaults__
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        named = [
            function.__globals__[name] for name in code.co_names if name in function.__globals__
        ]
        yield from named
        for holder in (*holders, *named):
            yield from _attributes(holder, code.co_names)
        codes += (constant for constant in code.co_consts if isinstance(constant, CodeType))


def _attributes(holder: Any, names: Iterable[str]) -> Iterator[Any]:
    """Yield the attributes of some names that a class or a module has, but functions that are not
    the user's.
    """
    if not isinstance(holder, type | ModuleType):
        return
    for space in map(vars, holder.__mro__ if isinstance(holder, type) else (holder,)):
        for name in names:
            value = space.get(name)
            if not isinstance(value, FunctionType) or level(value.__code__.co_filename) == USER:
                yield value


def _frames() -> dict[int, FrameType]:
    """Return the frame that each thread is in.

    Python 3.11 waits for ever where its collector runs meanwhile (python/cpython#106883).
    """
    holder = object()
    with Undo(collector.letting_go(holder)):
        collector.hold(holder)
        return sys._current_frames()


def thread_that_may_compute() -> str:
    """Return the name of another thread that runs code of the user's; empty where there is none."""
    names = {
        thread.ident: thread.name
        for thread in threading.enumerate()
        if thread is not threading.current_thread()
    }
    for ident, frame in _frames().items() if names else ():
        running: FrameType | None = frame if ident in names else None
        while running is not None:
            if level(running.f_code.co_filename) == USER:
                return names[ident]
            running = running.f_back
    return ""
