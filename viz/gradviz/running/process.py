"""One process under ``gradviz run``.

Set up before the script begins, waiting for torch to be imported, tidied up at its end.

Nothing here imports torch, for a script may set what torch reads at its import (OMP_NUM_THREADS,
CUDA_VISIBLE_DEVICES).
"""

import atexit
import functools
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType, TracebackType
from typing import Any, NoReturn

from gradviz.running import rank
from gradviz.running.children import Children, is_silent
from gradviz.running.settings import VARIABLE, Settings
from gradviz.system import lines
from gradviz.system.frames import is_own
from gradviz.system.voice import say, warn


def begin() -> None:
    """Read what was asked for, leave no trace of it in the environment, and have torch watched once
    it is imported.
    """
    text = os.environ.get(VARIABLE)
    if text is None:
        return
    settings = Settings.from_text(text)
    if not settings.root:
        settings = replace(settings, root=os.getpid())
        os.environ[VARIABLE] = settings.to_text()
    children = Children(settings)
    if not settings.children:
        del os.environ[VARIABLE]
        if settings.path is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = settings.path
    if is_silent(sys.orig_argv):
        return
    if settings.stdin and os.getpid() == settings.root:
        lines.read_ahead()
    process = Process(settings, children)
    atexit.register(process.end)
    process.end_before_exit()
    os.register_at_fork(after_in_child=process.forked)
    after_import("torch", process.watch)


class Process:
    """What stands between the script and the watch over torch.

    Nothing that goes wrong here reaches the script.
    """

    def __init__(self, settings: Settings, children: Children) -> None:
        self._settings = settings
        self._children = children
        self._watch: Any = None
        self._failed = False
        self._ended = False
        self._own = os.getpid()

    def watch(self) -> None:
        """Begin to watch, now that torch is there."""
        self._failed = True
        from gradviz.running.backwards import Watch

        self._watch = Watch(self._settings, self._children)
        self._watch.begin()
        hide_from_tracebacks()
        self._failed = False

    def end_before_exit(self) -> None:
        """Have what is left to say also said by a script that ends with ``os._exit()``, which calls
        nothing else before.
        """
        leave = os._exit

        def _exit(status: int) -> NoReturn:
            if os.getpid() == self._own and threading.current_thread() is threading.main_thread():
                self.end(broken=status != 0)
            leave(status)

        os._exit = functools.wraps(leave)(_exit)

    def forked(self) -> None:
        """Go on in a forked child, or be gone there.

        One that is followed ends with ``os._exit()``.
        """
        try:
            if self._settings.children:
                self._own, self._ended = os.getpid(), False
            if self._watch is not None:
                self._watch.forked()
        except Exception as error:
            if not _is_own(error):
                raise
            warn(error)

    def end(self, *, broken: bool = False) -> None:
        """Say what is left to say as the process exits, once.

        ``broken`` where its exit code is known, and is not 0.
        """
        if self._ended:
            return
        self._ended = True
        try:
            if self._watch is not None:
                self._watch.end(broken=broken)
            elif os.getpid() == self._settings.root and not self._failed:
                self._children.say_unseen("torch was not imported")
            if self._watch is not None or self._settings.children:
                self._merge_ranks()
        except Exception as error:
            warn(error)

    def _merge_ranks(self) -> None:
        """Say what the ranks saw.

        In the process that started them all, or in rank 0 where something else did.

        What does that is imported only where it is needed: an import at exit makes Python lose the
        exit status of a Ctrl-C.
        """
        from gradviz.running import ranks

        placement = rank.current()
        if os.getpid() == self._settings.root and (placement is None or placement.own == 0):
            for text, alarm in ranks.merge_notes(self._settings):
                say(text, alarm=alarm)


def after_import(name: str, then: Callable[[], None]) -> None:
    """Call ``then`` as soon as a module has been imported.

    An exception of it is told of, and goes no further.
    """

    def guarded() -> None:
        try:
            then()
        except Exception as error:
            if not _is_own(error):
                raise
            warn(error)

    if name in sys.modules:
        guarded()
    else:
        sys.meta_path.insert(0, _Awaited(name, guarded))


def _is_own(error: Exception) -> bool:
    """Say whether gradviz itself failed; what a signal handler raised meanwhile is the script's."""
    try:
        from gradviz.recording.uninterrupted import is_own  # torch is there by now
    except Exception:
        return True
    return is_own(error)


class _Awaited:
    """A finder that finds nothing itself: it has the real one's loader tell when it is done."""

    def __init__(self, name: str, then: Callable[[], None]) -> None:
        self._name = name
        self._then = then

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name or self not in sys.meta_path:
            return None
        place = sys.meta_path.index(self)
        sys.meta_path.remove(self)
        try:
            spec = find_spec(name)
        finally:
            # Whoever asked may only want to know whether there is such a module
            sys.meta_path.insert(place, self)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            load = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                del loader.exec_module
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
                load(module)
                self._then()

            loader.exec_module = exec_module
        return spec


def hide_from_tracebacks() -> None:
    """Leave gradviz's own lines out of what Python prints of an error that ends the script."""
    shown = sys.excepthook

    def excepthook(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        strip(error, set())
        shown(kind, error, traceback)

    if shown is sys.__excepthook__:  # by which a script asks whether anybody has put another there
        setattr(sys, "__excepthook__", excepthook)  # noqa: B010
    sys.excepthook = excepthook


def strip(error: BaseException | None, visited: set[int]) -> None:
    """Take gradviz's own frames out of an exception's traceback, and out of those
    that led to it, or that it is a group of.
    """
    while error is not None and id(error) not in visited:
        visited.add(id(error))
        entries = []
        entry = error.__traceback__
        while entry is not None:
            entries.append(entry)
            entry = entry.tb_next
        kept: list[TracebackType] = []
        for entry in entries:
            code = entry.tb_frame.f_code
            if is_own(code):
                continue
            names = [other.tb_frame.f_code.co_name for other in kept[-1:]]
            if names == ["handle_torch_function"] and kept[-2:][0].tb_frame.f_code is code:
                # Torch's function on its way through a mode; here it comes again, as without one
                del kept[-2:]
            kept.append(entry)
        following: TracebackType | None = None
        for entry in reversed(kept):  # none where an exception was never raised itself
            entry.tb_next, following = following, entry
        strip(error.__context__, visited)
        for member in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            strip(member, visited)
        error = error.__cause__
