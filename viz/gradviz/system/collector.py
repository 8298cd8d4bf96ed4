"""Holds the garbage collector for a moment; of several threads that do, the last lets it go.

A graph, a report or a page is many objects and no garbage, and each collection would walk all of
them.
"""

import gc
from collections.abc import Callable
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from gradviz.system.undo import Action, Undo, when_empty

Result = TypeVar("Result")
Values = ParamSpec("Values")

_holders: set[object] = set()


def letting_go(holder: object) -> list[Action]:
    """Return the steps that end what :func:`hold` is about to begin."""
    collects = gc.isenabled() or bool(_holders)
    return [
        partial(_holders.discard, holder),
        when_empty(_holders, (gc.enable,) if collects else ()),
    ]


def hold(holder: object) -> None:
    """Have nothing collected until the holder, and every other, has let go."""
    _holders.add(holder)
    gc.disable()


def holding(function: Callable[Values, Result]) -> Callable[Values, Result]:
    """Return a function that holds the garbage collector while it runs."""

    @wraps(function)
    def held(*args: Values.args, **values: Values.kwargs) -> Result:
        holder = object()
        with Undo(letting_go(holder)):
            hold(holder)
            return function(*args, **values)

    return held
