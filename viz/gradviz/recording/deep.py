"""Keeps torch from overflowing the stack when it frees a deep autograd graph that Python has looked at.

torch frees a graph in a loop, unless Python has looked at its nodes: then each node frees the next from inside its own destructor,
and from about 40,000 in a row (fewer in a thread) the process dies. So about one node in a hundred carries a trampoline in its
metadata: it holds what comes before the node, and when the node goes, it hands that to a loop. No node lives longer for it.
"""

import threading
from typing import Any

_SPARSE = 127  # about one node in 128; a run of 4,000 without one is as good as impossible
_going = threading.local()


class Trampoline:
    """Held by a node's metadata; holds the nodes before it, and lets go of them in a loop."""

    __slots__ = ("before",)

    def __init__(self, before: Any) -> None:
        self.before = before

    def __del__(self) -> None:
        pending: list[Any] | None = getattr(_going, "pending", None)
        if pending is not None:
            pending.append(self.before)
            return
        _going.pending = pending = [self.before]
        self.before = None
        while pending:
            pending.pop()  # frees the nodes up to the next ones with a trampoline, which add to the list
        _going.pending = None


def wants_trampoline(number: int) -> bool:
    """Choose nodes by torch's number of them, evenly whatever the numbers along a path are."""
    return (number * 2654435761 >> 11) & _SPARSE == 0
