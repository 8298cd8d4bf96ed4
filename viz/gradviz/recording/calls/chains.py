"""What a live value has of something that was put together, where calls lie between the two: of
``torch.stack([a, b])[1].softmax(-1)`` it is ``b`` alone.
"""

from collections.abc import Iterable
from typing import Any

from gradviz.recording.arithmetic.saved import lengths, number
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.joints import JOINS
from gradviz.recording.entries.records import Inputs
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import history, is_recorded
from gradviz.recording.torch_inside import result_of

# Nodes that compute each element of its own
_POINTWISE = frozenset(
    f"{name}Backward0"
    for name in "Mul Add Sub Div Neg Exp Tanh Sigmoid Relu Sin Cos Silu Gelu Softplus Abs Clone"
    " ToCopy LeakyRelu Elu".split()
)
_MOST = 16  # nodes that are looked at


def narrowed(tape: Tape, node: Any, output: int) -> Inputs | None:
    """Return those of some values that were put together which an output of a node has something
    of; None where it has all, or that cannot be told.
    """
    stretch: tuple[int, int, int] | None = None
    for _ in range(_MOST):
        stamp = tape.stamp_of(node)
        if stamp is not None and stamp.sources:
            return None
        if stretch is not None and type(node).__name__ in JOINS:
            return _inputs(tape, node, *stretch)
        before = [edge for edge in node.next_functions if edge[0] is not None]
        if len(before) != 1 or (stretch and type(node).__name__ not in _POINTWISE):
            return None
        stretch = stretch or _stretch(node, output)
        node, output = before[0]
    return None


def _stretch(view: Any, output: int) -> tuple[int, int, int] | None:
    """Return the dimension of which a view takes a part, and from where to where; None where a node
    is no such view.
    """
    name, dimension = type(view).__name__, number(view, "dim")
    if dimension is None:
        return None
    along, sizes = int(dimension), lengths(view, "self_sym_sizes")
    if name == "UnbindBackward0":
        return along, output, output + 1
    if not sizes or along >= len(sizes):
        return None
    if name == "SelectBackward0":
        place = int(number(view, "index") or 0) % sizes[along]
        return along, place, place + 1
    if name == "SliceBackward0":
        start, end = (int(number(view, side) or 0) for side in ("start", "end"))
        start, end = (side + sizes[along] if side < 0 else side for side in (start, end))
        return along, start, min(end, sizes[along])
    if name == "SplitBackward0":
        size = int(number(view, "split_size") or 0)
        return along, output * size, (output + 1) * size
    return None


def _inputs(tape: Tape, node: Any, along: int, start: int, end: int) -> Inputs | None:
    """Return what a node put together in a stretch of a dimension."""
    given = number(node, "dim")
    before = node.next_functions
    rank = len(getattr(result_of(node), "shape", ()))
    if given is None or not rank or int(given) % rank != along % rank:
        return None
    if any(inner is None for inner, _ in before):
        return None
    inputs: dict[int, bool] = {}
    place = 0
    for inner, output in before:
        shape = getattr(result_of(inner, output), "shape", ())
        length = shape[along % rank] if len(shape) == rank else 1
        if place < end and start < place + length:
            inputs[tape.walk(inner)] = True
        place += length
    return tuple(inputs.items()) if place == result_of(node).shape[along % rank] else None


def without_others(tape: Tape, args: Iterable[Any], inputs: Inputs) -> Inputs:
    """Return what goes into a call that severs, without those of what was put together that its
    live arguments have nothing of.
    """
    left = dict(inputs)
    for tensor in tensors_in(args):
        node = history(tensor) if is_recorded(tensor) else None
        parts = None if node is None else narrowed(tape, node, tensor.output_nr)
        if parts is not None and left.pop(tape.walk(node), False):
            left.update(parts)
    return tuple(left.items())
