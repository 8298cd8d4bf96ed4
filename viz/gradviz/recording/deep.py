"""Keeps a very deep autograd graph from overflowing the stack when the user lets go of it.

torch frees a graph in a loop, unless Python has looked at its nodes: then each node frees the next from inside its own destructor,
and from about 40,000 in a row the process dies. So the nodes of a graph that deep are held until the tensor they were walked from
is gone, and then let go of one by one, the tensor's own first. Nothing of it happens to smaller graphs.
"""

import gc
import weakref
from typing import Any

from torch import Tensor

DEEP = 10_000  # nodes; a thread's stack may be an eighth of the main one's


class _Held:
    __slots__ = ("nodes", "tensor")

    def __init__(self, tensor: Tensor, nodes: list[Any]) -> None:
        self.tensor = weakref.ref(tensor)
        self.nodes = nodes  # by age: popped from the end, the tensor's own first


_held: list[_Held] = []


def hold(tensor: Tensor) -> None:
    """Hold the nodes of a tensor's graph until the tensor is gone."""
    if any(held.tensor() is tensor for held in _held):
        return
    nodes: dict[int, Any] = {}
    stack = [tensor.grad_fn]
    while stack:
        node = stack.pop()
        if node is not None and id(node) not in nodes:
            nodes[id(node)] = node
            stack.extend(before for before, _ in node.next_functions)
    # An accumulator has the highest number of all, though nothing comes before it.
    in_order = sorted(nodes.values(), key=lambda node: -1 if hasattr(node, "variable") else node._sequence_nr())
    nodes.clear()
    _held.append(_Held(tensor, in_order))
    if _let_go not in gc.callbacks:
        gc.callbacks.append(_let_go)


def _let_go(phase: str, info: dict[str, int]) -> None:
    """Let go of what belongs to no tensor any more. Called after a collection: while the tensor itself is freed is too early."""
    if phase != "stop":
        return
    for held in [held for held in _held if held.tensor() is None]:
        _held.remove(held)
        while held.nodes:
            held.nodes.pop()
    if not _held and _let_go in gc.callbacks:
        gc.callbacks.remove(_let_go)
