"""The room that knows torchviz: its ``make_dot`` draws a sketch, though no tensor is at hand.

torchviz walks whatever has ``grad_fn``, ``next_functions``, ``variable`` and ``saved_tensors``. Stand-ins with these attributes let it
draw what autograd no longer knows, such as what lies behind a cut. It names every node by its memory address; the names are exchanged
here for the keys of the sketch, so that the source is the same in every process.
"""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import graphviz

from gradviz.render.sketch import Item, Sketch, Sort

_ADDRESS = re.compile(r"^\t(\d+)(?: -> (\d+))?(?= |$)")
_recursion = threading.Lock()


def draw(sketch: Sketch) -> graphviz.Digraph:
    """Return the graph of ``sketch`` as torchviz draws it, its nodes named by their keys; items without lines are left out."""
    import torchviz

    shadows = {item.key: _shadow(item) for item in sketch.items}
    for line in sketch.lines:
        shadows[line.target].takes(shadows[line.source])
    losses = tuple(shadows[item.key] for item in sketch.items if item.sort is Sort.LOSS)
    with _recursing(3 * len(sketch.items)):
        dot = torchviz.make_dot(losses)
    _rename(dot, {str(id(shadow)): key for key, shadow in shadows.items()})
    del dot.graph_attr["size"], dot.node_attr["ranksep"]
    return dot


class _Function:
    """Stands in for a ``grad_fn``; torchviz writes the name of its class."""

    def __init__(self) -> None:
        self.next_functions: list[tuple[_Function, int]] = []
        self.saved_tensors: list[_Tensor] = []
        self.variable: _Tensor

    def takes(self, source: "_Function | _Tensor") -> None:
        if isinstance(source, _Function):
            self.next_functions.append((source, 0))
        else:
            self.saved_tensors.append(source)


class _AccumulateGrad(_Function):
    """Stands in for the node that adds a gradient to the ``.grad`` of a leaf."""

    def takes(self, source: "_Function | _Tensor") -> None:
        assert isinstance(source, _Tensor)
        self.variable = source


class _Tensor:
    """Stands in for a loss, a parameter or a leaf."""

    grad_fn: _Function | None = None

    def takes(self, source: "_Function | _Tensor") -> None:
        if self.grad_fn is None and isinstance(source, _Function):
            self.grad_fn = source

    def size(self) -> tuple[int, ...]:
        return ()

    def _is_view(self) -> bool:
        return False


def _shadow(item: Item) -> _Function | _Tensor:
    if item.sort in (Sort.LOSS, Sort.TENSOR):
        return _Tensor()
    return _function_type(item.operation, _AccumulateGrad if item.sort is Sort.ACCUMULATE else _Function)()


@cache
def _function_type(name: str, base: type[_Function]) -> type[_Function]:
    return type(name.encode("ascii", "backslashreplace").decode().replace("\0", "\\0"), (base,), {})


def _rename(dot: graphviz.Digraph, keys: dict[str, str]) -> None:
    """Put keys in place of addresses, which stand at the start of a statement; what follows is text of ours."""
    dot.body = [_ADDRESS.sub(lambda found: "\t" + " -> ".join(keys[address] for address in found.groups() if address), line) for line in dot.body]


@contextmanager
def _recursing(depth: int) -> Iterator[None]:
    """Let torchviz, which calls itself for every operation on the way, go ``depth`` calls deeper. These calls are not on the C stack."""
    with _recursion:
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(before + depth)
        try:
            yield
        finally:
            sys.setrecursionlimit(before)
