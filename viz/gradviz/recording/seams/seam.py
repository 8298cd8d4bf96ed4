"""What stands in for an attribute of torch while somebody watches."""

import functools
import operator
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import compress, repeat
from typing import Any, NamedTuple, Self

from torch import Tensor

from gradviz.recording.locked import Locked
from gradviz.recording.seams.watcher import Watcher, of_thread
from gradviz.recording.torch_inside import without_torch_function
from gradviz.system.frames import leave_out_caller, uncounted
from gradviz.system.undo import Action

Note = Callable[[Watcher, Any, tuple[Any, ...], dict[str, Any], Any], None]
"""What is done after a call: by whom, the frame that called, the arguments, and the result."""
Before = Callable[[tuple[Any, ...], dict[str, Any]], Any]
"""What looks at the arguments of a call before it is made."""


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


def seam(
    owner: Any, name: str, note: Note, *, static: bool = False, before: Before | None = None
) -> Seam:
    """Return the seam that calls what is there first, and then a note.

    Where something looks at the arguments before, the note gets what that returned in place of the
    result; None where it failed.
    """
    own = vars(owner).get(name)
    watching = _watching(getattr(owner, name), note, before)
    return Seam(owner, name, staticmethod(watching) if static else watching, own is None, own)


@functools.lru_cache(maxsize=256)
def _watching(
    original: Callable[..., Any], note: Note, before: Before | None
) -> Callable[..., Any]:
    @uncounted
    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        looked = None
        if before is not None:
            with suppress(Exception):
                looked = before(args, kwargs)
        try:
            out = original(*args, **kwargs)
        except BaseException as error:
            leave_out_caller(error)
            raise
        watcher: Watcher | None = getattr(of_thread, "watcher", None)
        if watcher is not None and not watcher.mode.failure:
            try:
                with (
                    without_torch_function()
                    if watcher.mode.lock is None
                    else Locked(watcher.mode.lock, without_torch_function())
                ):
                    shown = out if before is None else looked
                    note(watcher, sys._getframe(1), args, kwargs, shown)
            except BaseException as failure:
                watcher.mode.failed(failure)
        return out

    return watching


def instead(
    owner: Any, name: str, watching: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Seam:
    """Return the seam that puts in place of what is there what a function makes of it."""
    original = getattr(owner, name)
    return Seam(owner, name, watching(original), False, original)


def tensors_of(value: Any) -> tuple[Tensor, ...]:
    """Return a tensor, or those of a list, as a tuple."""
    if isinstance(value, Tensor):
        return (value,)
    return tuple(item for item in value or () if isinstance(item, Tensor))
