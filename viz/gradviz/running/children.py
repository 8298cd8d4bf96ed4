"""Child processes.

How many were started, which of them are of interest, and what tells their reports apart.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

from gradviz.running import rank
from gradviz.running.settings import Settings
from gradviz.system.voice import say

_HELPERS = (
    "multiprocessing.resource_tracker",
    "multiprocessing.semaphore_tracker",
    "multiprocessing.forkserver",
    "compile_worker",
)


def is_silent(command: Sequence[str]) -> bool:
    """Say whether a command line is one of Python's or torch's own helpers, which never train."""
    return any(helper in part for part in command for helper in _HELPERS)


class Children:
    """Counts the Python processes that this one starts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.started = 0
        os.register_at_fork(after_in_parent=self._forked, after_in_child=self._in_child)
        self._count_spawned()

    def _forked(self) -> None:
        self.started += 1

    def _in_child(self) -> None:
        self.started = 0

    def _count_spawned(self) -> None:
        """What ``subprocess`` and ``multiprocessing`` spawn does not pass by ``os.fork``."""
        try:
            import _posixsubprocess
        except ImportError:
            return
        original = _posixsubprocess.fork_exec

        def fork_exec(*arguments: Any) -> int:
            command = [os.fsdecode(part) for part in arguments[0] if isinstance(part, (str, bytes))]
            if command and "python" in Path(command[0]).name and not is_silent(command):
                self.started += 1
            return int(original(*arguments))

        _posixsubprocess.fork_exec = fork_exec

    def say_unseen(self, why: str = "") -> None:
        """Say that this process called no backward, and where the calls may have been."""
        error = getattr(sys, "last_value", None)
        text = (
            "No backward call was seen in this process"
            if error is None
            else f"The script ended with {type(error).__name__} before any backward call was seen"
        )
        if self.started:
            is_single = self.started == 1
            were = "1 child process was" if is_single else f"{self.started} child processes were"
            end = " and followed" if self._settings.children else ": use --children"
            text += f"; {were} started{end}"
        elif why:
            text += f": {why}"
        elif function := _traceable():
            text += f"; gradviz show {function} traces that function"
        say(f"gradviz: {text}.\n")


def _traceable() -> str:
    """Return a function of the script that ``gradviz show`` can call, as it is written there.

    One called step before all others; empty where each needs an argument.
    """
    main = sys.modules.get("__main__")
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    names = [
        name
        for name, value in vars(main).items()
        if isinstance(value, FunctionType)
        and value.__module__ == "__main__"
        and len(value.__defaults__ or ()) == value.__code__.co_argcount
        and len(value.__kwdefaults__ or ()) == value.__code__.co_kwonlyargcount
    ]
    where = spec.name if spec is not None else file and os.path.relpath(file)
    return f"{where}:{max(names, key='step'.__eq__)}" if names and where else ""


def label(settings: Settings) -> str:
    """Return what tells this process apart: ``"rank1"``, ``"process4711"``.

    Empty in the script's own, or where one speaks for all.
    """
    if settings.one_voice:
        return ""
    placement = rank.current()
    if placement is not None:
        return f"rank{placement.own}"
    return "" if os.getpid() == settings.root else f"process{os.getpid()}"


def own_file(output: str, named: str) -> Path:
    """Return where this process writes: ``report.rank1.json`` beside ``report.json``."""
    path = Path(output)
    return path.with_name(f"{path.stem}.{named}{path.suffix}") if named else path
