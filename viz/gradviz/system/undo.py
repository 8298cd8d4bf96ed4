"""Changes that a signal handler cannot leave half made.

Python runs signal handlers between the instructions of Python code: where a function begins, where
a loop jumps back, after a call. A handler may raise, as Ctrl-C does, so that what takes several
instructions may stop after any of them; a ``with`` whose ``__exit__`` is written in Python may
never come to its first line. A call into C is done whole. So a change is a row of C functions that
one call into C makes, and so is what undoes it. The ``__exit__`` that begins it is in C too: that
of ``io.IOBase``, which calls ``close``.
"""

import io
import itertools
import operator
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any, overload

Action = Callable[[], object]
Exit = Callable[[type[BaseException] | None, BaseException | None, TracebackType | None], None]


def as_one(steps: Iterable[Action]) -> Action:
    """Return one step that makes others, each once.

    Where these are functions of C, it makes all or none.
    """
    return partial(deque, map(operator.call, iter(steps)), 0)


class _Own(threading.local):
    """What is called in one thread, and something else in all others."""

    def __init__(self, elsewhere: Action) -> None:
        self.close = elsewhere  # Python comes here anew in every thread that asks


class Undo(io.IOBase):
    """A context manager that makes some steps as it is left, each once, in one call into C.

    Entering it does nothing.

    Every step is to put something back as it was, whether it was changed or not, and not to raise.
    The steps are asked for as they are made, so they may come from a list that grows meanwhile.
    Where one raises nevertheless, ``close()`` goes on with the next.
    """

    def __init__(self, steps: Iterable[Action] = ()) -> None:
        self.will(steps)

    def will(self, steps: Iterable[Action], elsewhere: Action | None = None) -> None:
        """Make these steps from now on, in any thread. Where ``elsewhere`` is given, other threads
        than this make those instead.
        """
        close = as_one(steps)
        if elsewhere is not None:
            own = _Own(elsewhere)
            own.close = close
            close = partial(operator.methodcaller("close"), own)
        self.close = close  # type: ignore[method-assign,assignment]

    __del__: Any = object.__hash__  # nothing: IOBase's would close what nobody has entered


class Leaving:
    """The ``__exit__`` of a class whose instances keep their :class:`Undo` in an attribute.

    No Python comes before it.
    """

    def __init__(self, attribute: str) -> None:
        self._undo = operator.attrgetter(attribute)

    @overload
    def __get__(self, instance: None, owner: type) -> "Leaving": ...

    @overload
    def __get__(self, instance: object, owner: type) -> Exit: ...

    def __get__(self, instance: object | None, owner: type) -> "Leaving | Exit":
        if instance is None:
            return self
        leave: Exit = self._undo(instance).__exit__
        return leave

    def __call__(self, instance: object, *error: Any) -> None:
        """Leave, for who calls it by the class (``contextlib.ExitStack``)."""
        self._undo(instance).__exit__(*error)


def when_empty(container: Any, steps: Iterable[Action]) -> Action:
    """Return a step that makes others if it finds a container empty, which is looked at before each
    of them.
    """
    return as_one(itertools.compress(steps, map(operator.not_, itertools.repeat(container))))
