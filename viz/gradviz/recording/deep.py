"""Keeps torch from overflowing the stack when it frees a deep autograd graph that Python has looked
at.

torch frees a graph in a loop, unless Python has looked at its nodes: then each node frees the next
from inside its own destructor, and from about 40,000 in a row (fewer in a thread) the process dies.
So about one node in a hundred carries a trampoline in its metadata: it holds what comes before the
node, and when the node goes, it hands that to a loop. No node lives longer for it.
"""

from collections import deque
from functools import partial
from operator import attrgetter
from typing import Any

from gradviz.system.undo import Action, as_one, when_empty

_SPARSE = 127  # about one node in 128; a run of 4,000 without one is as good as impossible
_pending: list[Any] = []
_going: list[bool] = []


class Trampoline:
    """Held by a node's metadata; holds the nodes before it, and lets go of them in a loop.

    Its end is C all along: an interrupt that came into Python code here would be lost, as Python
    lets nothing be raised by what goes.
    """

    __slots__ = ("_end",)

    def __init__(self, before: Any) -> None:
        held = [None, before]
        # What is let go of frees the nodes up to the next ones with a trampoline, which add to what
        # is pending.
        drain: list[Action] = [
            partial(_pending.insert, 0, None),
            partial(deque, iter(_pending.pop, None), 0),
        ]
        loop = as_one([partial(_going.append, True), *drain, _going.clear])
        self._end = as_one(
            [partial(_pending.extend, iter(held.pop, None)), when_empty(_going, [loop])]
        )

    __del__: Any = property(attrgetter("_end"))


def wants_trampoline(number: int) -> bool:
    """Say by torch's number of a node whether it is to have one: evenly, whatever path is taken."""
    return (number * 2654435761 >> 11) & _SPARSE == 0
