"""Whether a step still runs when it runs again.

What outlives a step, in a memo or a list, holds a graph that the first backward has freed: a patch
that is sound for one step need not be sound for the next.
"""

import functools
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, Self

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

_RUNS = 3  # of a function
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_OUTWARD = (  # what torch, Python and its library report before they do it
    "os.mkdir os.remove os.rename os.rmdir os.link os.symlink os.truncate os.system os.exec"
    " os.posix_spawn shutil.copyfile shutil.move shutil.rmtree subprocess.Popen sqlite3.connect"
    " socket.connect"
).split()


class _WritesError(SystemExit):
    """The script is about to write: it need go no further."""


class Onward:
    """Lets a script run on, while a ``with`` of it lasts, to where it first writes a file, starts a
    program or opens a connection after its first step. Only for a process that does nothing else:
    an audit hook cannot be taken back.
    """

    def __init__(self) -> None:
        self._has_begun = False
        self._is_over = False
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        for name in ("backward", "grad"):
            self._replace(torch.autograd, name, self._beginning(getattr(torch.autograd, name)))
        self._replace(torch, "save", self._writing(torch.save))
        self._replace(sys, "dont_write_bytecode", True)
        self._undo.callback(register_optimizer_step_post_hook(self._begin).remove)
        sys.addaudithook(self._audit)
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over = True
        self._undo.close()

    def _replace(self, owner: Any, name: str, value: Any) -> None:
        self._undo.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)

    def _begin(self, *ignored: object) -> None:
        self._has_begun = True

    def _beginning(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def beginning(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            self._begin()
            return result

        return beginning

    def _writing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def writing(*args: Any, **kwargs: Any) -> Any:
            self._stop_before_a_write()
            return function(*args, **kwargs)

        return writing

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_over or not self._has_begun:
            return
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & _WRITING
            if writes and isinstance(path, (str, bytes)) and os.fsdecode(path) != os.devnull:
                self._stop_before_a_write()
        elif event in _OUTWARD:
            self._stop_before_a_write()

    def _stop_before_a_write(self) -> None:
        if self._has_begun and not self._is_over:
            self._is_over = True
            raise _WritesError(0)


def run_again(function: Callable[[], Any]) -> None:
    """Run a step several times in one process, each with its backward.

    Raises:
        Exception: Whatever the step raises, or its backward from the second run on.
    """
    runs_itself = False
    for number in range(_RUNS):
        result = function()
        loss = result[0] if isinstance(result, tuple) and len(result) == 2 else result
        if isinstance(loss, Tensor) and loss.grad_fn is not None and loss.numel() == 1:
            if number == 0:
                runs_itself = True
                with suppress(RuntimeError):  # the step ran it itself
                    loss.backward()  # type: ignore[no-untyped-call]
                    runs_itself = False
            elif not runs_itself:
                loss.backward()  # type: ignore[no-untyped-call]
