"""Hooks of the user's that were seen as they were registered."""

import weakref
from collections.abc import Iterable
from typing import Any

from gradviz.recording.reading.where import Spot


class Registered:
    """Where hooks were registered, and where torch keeps them.

    Attributes:
        on_nodes: The lines that registered hooks on nodes of the graph, by torch's number of each.
        before_nodes: The lines of those that run before a node, by the tape's number of it.
    """

    def __init__(self) -> None:
        self.on_nodes: dict[int, Spot] = {}
        self.before_nodes: dict[int, list[Spot]] = {}
        self._of_tensors: dict[int, list[Any]] = {}

    def on_tensor(self, number: int, handle: Any) -> None:
        """A hook was registered on the value that a node or leaf of a number stands for."""
        hooks = getattr(handle, "hooks_dict_ref", None)
        if isinstance(hooks, weakref.ref):
            self._of_tensors.setdefault(number, []).append(hooks)

    def of_tensors(self) -> Iterable[tuple[int, Any]]:
        """Yield what torch keeps the hooks on values in that are there still, with the numbers of
        these.
        """
        for number, references in self._of_tensors.items():
            kept = {id(hooks): hooks for reference in references if (hooks := reference())}
            for hooks in kept.values():
                yield number, hooks

    def lines(self, hooks: Iterable[int]) -> list[Spot]:
        """Return the lines that registered some hooks on a node, by torch's number of each."""
        return [self.on_nodes[hook] for hook in hooks if hook in self.on_nodes]
