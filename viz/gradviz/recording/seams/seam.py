"""What stands in for an attribute of torch while somebody watches."""

import functools
import operator
import sys
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from itertools import compress, repeat
from types import BuiltinFunctionType, FrameType, MethodDescriptorType, WrapperDescriptorType
from typing import Any, NamedTuple, Self

from torch import Tensor

from gradviz.recording.locked import Locked
from gradviz.recording.mode import RecordingMode
from gradviz.recording.reading.where import INSIDE, level
from gradviz.recording.seams.watcher import Watcher, of_thread
from gradviz.recording.torch_inside import without_torch_function
from gradviz.system.frames import leave_out_caller, uncounted
from gradviz.system.undo import Action

_IN_C = (BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType)


class Called(NamedTuple):
    """A call of what is watched.

    Attributes:
        watcher: Who takes note.
        frame: Which called.
        args, kwargs: What it was given.
        out: Its result; None before it.
        looked: What was returned by what looked before it.
    """

    watcher: Watcher
    frame: FrameType
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Any = None
    looked: Any = None

    @property
    def mode(self) -> RecordingMode:
        """Who takes note of the torch calls of the thread."""
        return self.watcher.mode

    def argument(self, position: int, name: str) -> Any:
        """Return an argument by its place or name; None where it was not given."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name)


Note = Callable[[Called], Any]
"""What is done before a call, or after it."""

about = functools.cache(partial)
"""A note that is told more than the call: the same for the same, so that a seam is made once."""


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
    owner: Any,
    name: str,
    note: Note | None = None,
    *,
    static: bool = False,
    before: Note | None = None,
) -> Seam:
    """Return the seam that calls what is there, with what looks before it and what takes note
    after it.
    """
    own, original = vars(owner).get(name), getattr(owner, name)
    # As the call of a script is not: it is a method of C
    make = _watching if isinstance(original, Hashable) else _watching.__wrapped__
    watching = make(original, note, before)
    return Seam(owner, name, staticmethod(watching) if static else watching, own is None, own)


@functools.lru_cache(maxsize=256)
def _watching(
    original: Callable[..., Any], note: Note | None, before: Note | None
) -> Callable[..., Any]:
    # What has no frame of its own warns in the name of the one that calls it
    in_c = isinstance(original, _IN_C)

    @uncounted
    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        watcher: Watcher | None = getattr(of_thread, "watcher", None)
        looked = _taken(before, watcher, sys._getframe(1), args, kwargs)
        try:
            if in_c and watcher is not None:
                make = watcher.mode.on_behalf.maker(sys._getframe(1))
                out = make(original, args, kwargs)
            else:
                out = original(*args, **kwargs)
        except BaseException as error:
            leave_out_caller(error)
            raise
        _taken(note, watcher, sys._getframe(1), args, kwargs, out, looked)
        return out

    return watching


def _taken(note: Note | None, watcher: Watcher | None, *call: Any) -> Any:
    """Take a note where somebody watches, and return what it returns. A failure of it ends the
    watching, and not the call.
    """
    if note is None or watcher is None or watcher.mode.failure:
        return None
    try:
        with (
            without_torch_function()
            if watcher.mode.lock is None
            else Locked(watcher.mode.lock, without_torch_function())
        ):
            return note(Called(watcher, *call))
    except BaseException as failure:
        watcher.mode.failed(failure)
        return None


def called_by_users(owner: Any, name: str, note: Note) -> Seam:
    """Return the seam over a static method that takes note after the calls of the user's lines
    alone, where gradviz calls it often.
    """
    original = getattr(owner, name)

    @uncounted
    @functools.wraps(original)
    def watching(*args: Any, **kwargs: Any) -> Any:
        out = original(*args, **kwargs)
        frame = sys._getframe(1)
        if level(frame.f_code.co_filename) != INSIDE:
            _taken(note, getattr(of_thread, "watcher", None), frame, args, kwargs, out)
        return out

    return Seam.over(owner, name, staticmethod(watching))


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
