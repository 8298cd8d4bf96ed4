"""The room that knows torchviz: its ``make_dot`` draws a sketch, though no tensor is at hand.

torchviz walks whatever has ``grad_fn``, ``next_functions``, ``variable`` and ``saved_tensors``.
Stand-ins with these attributes let it draw what autograd no longer knows, such as what lies behind
a cut. It names every node by its memory address; the names are exchanged here for the keys of the
sketch, so that the source is the same in every process.
"""

import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from types import FunctionType

import graphviz

from gradviz.render.sketch import Item, Sketch, Sort

_ADDRESS = re.compile(r"^\t(\d+)(?: -> (\d+))?(?= |$)")
_recursion = threading.Lock()

Attributes = Mapping[str, str]


def draw(
    sketch: Sketch,
    nodes: Mapping[str, Attributes],
    edges: Mapping[tuple[str, str], Sequence[Attributes]],
) -> graphviz.Digraph:
    """Return the graph of ``sketch`` as torchviz draws it, with attributes in place of its own.

    What has no line is left out.

    A leaf and the ``AccumulateGrad`` that adds to its ``.grad``, two nodes of torchviz, share a key
    and so become one. Everything is stated once.

    Args:
        sketch: What to draw.
        nodes: Attributes by key.
        edges: Attributes of every edge between two keys, the source first.
    """
    shadows = {item.key: _shadow(item) for item in sketch.items}
    for line in sketch.lines:
        shadows[line.target].takes(shadows[line.source], gradient=line.stroke != "frozen")
    losses = tuple(shadows[item.key] for item in sketch.items if item.sort is Sort.LOSS)
    with _recursing(3 * len(sketch.items)):
        dot = torchviz_make_dot()(losses)
    keys = {
        str(id(part)): key
        for key, shadow in shadows.items()
        for part in (shadow, shadow.accumulator)
        if part is not None
    }
    statements = dict.fromkeys(
        tuple(keys[address] for address in _addresses(statement)) for statement in dot.body
    )
    # torchviz ends at a leaf, and takes one function per loss: what went into a leaf by way of a
    # number is told after it
    for line in sketch.lines:
        if (line.source, line.target) not in statements:
            statements.update(
                dict.fromkeys(((line.source,), (line.target,), (line.source, line.target)))
            )
    dot.clear(keep_attrs=True)
    del dot.graph_attr["size"], dot.node_attr["ranksep"]
    for statement in statements:
        match statement:
            case (key,):
                dot.node(key, **nodes[key])
            case (source, target) if source != target:
                for attributes in edges[source, target]:
                    dot.edge(source, target, **attributes)
    return dot


def torchviz_make_dot() -> Callable[..., graphviz.Digraph]:
    """Return torchviz's ``make_dot``, which gives no warning: the class by which it compares
    versions is deprecated, and where the user makes warnings errors, nothing would be drawn.

    The filters of ``warnings`` are the user's. To change them for a moment makes Python forget what
    it has warned of, and say it once more.
    """
    import torchviz.dot

    its = torchviz.dot.make_dot
    names = {**vars(torchviz.dot), "LooseVersion": _numbers}
    return FunctionType(its.__code__, names, its.__name__, its.__defaults__, its.__closure__)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


class _Function:
    """Stands in for a ``grad_fn``; torchviz writes the name of its class."""

    accumulator = None

    def __init__(self) -> None:
        self.next_functions: list[tuple[_Function, int]] = []
        self.saved_tensors: list[_Tensor] = []

    def takes(self, source: "_Function | _Tensor", *, gradient: bool) -> None:
        """Take in the output of a function, a leaf by way of its accumulator, or a tensor that gets
        no gradient.
        """
        if isinstance(source, _Function):
            self.next_functions.append((source, 0))
        elif gradient:
            source.accumulator = source.accumulator or _function_type("AccumulateGrad")()
            source.accumulator.variable = source  # type: ignore[attr-defined]  # torchviz looks whether there is one
            self.next_functions.append((source.accumulator, 0))
        else:
            self.saved_tensors.append(source)


class _Tensor:
    """Stands in for a loss, a parameter or a leaf."""

    def __init__(self) -> None:
        self.grad_fn: _Function | None = None
        self.accumulator: _Function | None = None

    def takes(self, source: "_Function | _Tensor", *, gradient: bool) -> None:
        """Be the output of a function; a loss that is itself a leaf has none."""
        if self.grad_fn is None and isinstance(source, _Function):
            self.grad_fn = source

    def size(self) -> tuple[int, ...]:
        return ()

    def _is_view(self) -> bool:
        return False


def _shadow(item: Item) -> _Function | _Tensor:
    return _Tensor() if item.sort in (Sort.LOSS, Sort.TENSOR) else _function_type(item.operation)()


@cache
def _function_type(name: str) -> type[_Function]:
    return type(re.sub(r"\W", "_", name, flags=re.ASCII), (_Function,), {})


def _addresses(statement: str) -> list[str]:
    """Return the one or two nodes that a statement of torchviz is about.

    What follows them may be anything.
    """
    match = _ADDRESS.match(statement)
    assert match is not None, statement
    return [address for address in match.groups() if address]


@contextmanager
def _recursing(depth: int) -> Iterator[None]:
    """Let torchviz, which calls itself for every operation on the way, go ``depth`` calls deeper.

    These calls are not on the C stack.
    """
    with _recursion:
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(before + depth)
        try:
            yield
        finally:
            sys.setrecursionlimit(before)
