"""What comes to hooks of the user's.

One may be blamed for zeros only where what came to it was seen to be none. A hook of gradviz's own
stands first among those that torch runs one after another.
"""

from collections import deque
from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import Any

from torch import Tensor
from torch.utils.hooks import RemovableHandle

from gradviz.recording.backwards.takings import AT_NODE, AT_VALUE, Edge, Takings
from gradviz.recording.entries.registered import Registered


class LookAtHooks:
    """Looks at what comes to the user's hooks in one backward."""

    def __init__(
        self,
        registered: Registered,
        takings: Takings,
        keep: Callable[[RemovableHandle], object],
        safely: Callable[..., None],
    ) -> None:
        """``keep`` has a hook taken away at the end, ``safely`` calls what looks."""
        self._registered = registered
        self._takings = takings
        self._keep = keep
        self._safely = safely
        self._met: set[int] = set()  # what torch keeps hooks on values in, by identity

    def at_node(self, node: Any, number: int, after: Mapping[int, Any] | None = None) -> None:
        """Look at what comes to hooks before a node, and to those after it with gradviz's own."""
        if after is not None and len(after) > 1:
            self._takings.hooks[number] = self._registered.lines(after)
            self._look(after, number, None)
        if self._registered.on_nodes:
            before = hooks_before(node)
            lines = self._registered.lines(before)
            if lines:
                self._registered.before_nodes[number] = lines
                self._look(before, number, AT_NODE)

    def on_values(self, *numbers: Container[int]) -> None:
        """Look at what comes to hooks on values that are among some numbers."""
        for number, hooks in self._registered.of_tensors():
            if id(hooks) not in self._met and any(number in some for some in numbers):
                self._met.add(id(hooks))
                self._look(hooks, number, AT_VALUE)

    def _look(self, hooks: Any, number: int, place: int | None) -> None:
        self._keep(put_first(hooks, partial(self._before, number, place)))

    def _before(self, number: int, place: int | None, came: Any, _: Any = None) -> None:
        gradients = came if isinstance(came, tuple) else (came,)
        for edge, gradient in enumerate(gradients):
            if gradient is not None:
                self._safely(self._sent, (number, edge if place is None else place), gradient)

    def _sent(self, hooked: Edge, gradient: Tensor) -> None:
        self._takings.sent.append((hooked, self._takings.measure(gradient)))


def put_first(hooks: Any, look: Callable[..., None]) -> RemovableHandle:
    """Put a hook before the others that torch keeps with it, whose order stays. Return its handle.

    Args:
        hooks: What torch keeps them in.
        look: The hook.
    """
    others = list(hooks)
    handle = RemovableHandle(hooks)
    hooks[handle.id] = look
    # In one call of C: no interrupt leaves one of them out
    deque(map(hooks.__setitem__, others, map(hooks.pop, others)), 0)
    return handle


def hooks_before(node: Any) -> Any:
    """Return what torch keeps the hooks in that run before a node."""
    handle = node.register_prehook(_nothing)
    hooks = handle.hooks_dict_ref()
    handle.remove()
    return hooks if hooks is not None else {}


def _nothing(_: Any) -> None:
    return None
