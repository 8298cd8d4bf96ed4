"""What runs inside ``torch.func``.

Grad, vjp, jacrev, jvp, jacfwd, vmap hand functions wrapped tensors, a layer for each transform.

Under all layers lies a plain tensor, and its history is the one that the step's own backward
follows. So the recording looks at plain tensors alone. What a transform adds is a derivative: a
constant that was added to a function is no part of its derivative, one that it was multiplied by
is. The nodes between the function's result and its input say which.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from gradviz.recording import torch_inside
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.entries.records import Stamp
from gradviz.recording.recorder import Recorder
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import nodes_before
from gradviz.recording.torch_inside import function_saved, is_wrapped, unwrapped
from gradviz.system.grouped import grouped
from gradviz.system.walk import walk

_SUMS = frozenset(
    "add sub subtract __add__ __radd__ __sub__ __rsub__ __iadd__ __isub__ add_ sub_ cat concat"
    " concatenate stack hstack vstack".split()
)
_ADDENDS: Mapping[str, int] = {  # the position of what is only added
    "linear": 2,
    "conv1d": 2,
    "conv2d": 2,
    "conv3d": 2,
    "addmm": 0,
    "addmv": 0,
    "baddbmm": 0,
    "layer_norm": 3,
    "group_norm": 3,
    "batch_norm": 4,
}
_ADDED_TO: Mapping[str, int] = {  # the position, in a node, of what is only added
    "Addmm": 0,
    "Addmv": 0,
    "Baddbmm": 0,
    "Convolution": 2,
    "Linear": 2,
    "NativeLayerNorm": 2,
    "NativeGroupNorm": 2,
    "NativeBatchNorm": 2,
}
_OF_EDGE: Mapping[str, Mapping[str, int]] = {  # what is saved, and the edge that does not need it
    "Mul": {"self": 0, "other": 1},
    "Div": {"self": 0},
    "Mm": {"self": 0, "mat2": 1},
    "Bmm": {"self": 0, "mat2": 1},
    "Mv": {"self": 0, "vec": 1},
    "Dot": {"self": 0, "tensor": 1},
    "Addmm": {"mat1": 1, "mat2": 2},
    "Addmv": {"mat": 1, "vec": 2},
    "Baddbmm": {"batch1": 1, "batch2": 2},
    "Convolution": {"input": 0, "weight": 1},
    "Linear": {"input": 0, "weight": 1},
    "NativeLayerNorm": {"weight": 1},
    "NativeGroupNorm": {"weight": 1},
    "NativeBatchNorm": {"weight": 1},
}
_FEW = 8  # inputs of a derivative whose ways are looked at one by one
_PRODUCTS = frozenset("Mul Div Mm Bmm Mv Dot Addmm Addmv Baddbmm Convolution Linear".split())
_LINEAR = frozenset(
    "Add Sub Rsub Neg Sum Mean View UnsafeView ReshapeAlias ViewAs T Transpose Permute Squeeze"
    " Unsqueeze Expand Select Slice Split SplitWithSizes Unbind Unflatten Stack Cat Clone ToCopy"
    " Index Gather Repeat Alias AsStrided Diagonal CopySlices Flip Roll Trace Cumsum ConstantPadNd"
    " Movedim IndexSelect IndexAdd Scatter Unfold AccumulateGrad Identity".split()
)


def plain(value: Any) -> Any:
    """Return a value with the plain tensor in place of every wrapped one in it."""
    if isinstance(value, Tensor):
        while is_wrapped(value):
            value = unwrapped(value)
        return value
    kind = type(value)
    if kind is tuple or kind is list:
        return kind(map(plain, value))
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if kind is dict:
        return {key: plain(item) for key, item in value.items()}
    return value


def layers(value: Any) -> Iterator[Any]:
    """Yield the autograd nodes of the wrapped tensors in a value, layer by layer.

    The plain tensor's own is none of them.
    """
    if isinstance(value, Tensor):
        while is_wrapped(value):
            if value.grad_fn is not None:
                yield value.grad_fn
            value = unwrapped(value)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from layers(item)


def factors(
    name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], node: Any = None
) -> tuple[Any, ...]:
    """Return the arguments of a call whose values go into its derivative: not what is only added.

    Args:
        name: Of the function.
        args, kwargs: What it was given.
        node: The layer's autograd node that it made, where a transform runs.
    """
    if name in _SUMS:
        return ()
    addend = _ADDENDS.get(name, -1)
    kept = [value for position, value in enumerate(args) if position != addend]
    followed = [
        value
        for value in kept
        if node is not None
        and isinstance(value, Tensor)
        and is_wrapped(value)
        and value.requires_grad
    ]
    kind = "" if node is None else _kind(node)
    if kind in _LINEAR or (kind in _PRODUCTS and len(followed) == 1):
        kept = [value for value in kept if not any(value is other for other in followed)]
    return (*kept, *(value for key, value in kwargs.items() if key != "bias" or addend < 0))


def derivative_sources(
    recorder: Recorder, nodes: Iterable[Any], inputs: Iterable[Any]
) -> tuple[int, ...]:
    """Return the severed values that a derivative depends on.

    Args:
        recorder: On whose tape the nodes are marked with what went into them.
        nodes: Of what is differentiated.
        inputs: With respect to which tensors.
    """
    tape, before = recorder.tape, _before(nodes)
    way = _on_the_way(before, inputs)
    numbers: dict[int, None] = {}
    curved = []
    for node in _passed(way, way):
        stamp = tape.stamp_of(node)
        if stamp is not None:
            spared = _spared(stamp, node, way)
            numbers.update((number, None) for number in stamp.factors if number not in spared)
        if _is_curved(node, way):
            curved.append(node)
    for node in _before(curved):
        stamp = tape.stamp_of(node)
        if stamp is not None:
            numbers.update(
                (source, None) for source in stamp.sources if not _is_inside_function(tape, source)
            )
    return tuple(numbers)


def _is_inside_function(tape: Tape, number: int) -> bool:
    """Say whether a call stands inside a custom Function, whose result has its history."""
    call = tape.calls.get(number)
    return call is not None and call.inside is not None


def factors_of(nodes: Iterable[Any], inputs: Iterable[Any]) -> tuple[Any, ...]:
    """Return the autograd nodes whose values a derivative depends on.

    A factor beside the way is one. Where the derivative depends on what comes along the way
    itself, the node stands for all before it. What is only added is none.

    Args:
        nodes: Of what is differentiated.
        inputs: With respect to which tensors.
    """
    starts = [node for node in nodes if node is not None]
    way = _on_the_way(_before(starts), inputs)
    depends: dict[Any, None] = {}

    def onward(node: Any) -> list[Any]:
        if _is_curved(node, way):
            return []
        return [earlier for earlier, _ in node.next_functions if earlier in way]

    for node in _passed(walk((node for node in starts if node in way), onward), way):
        kind = _kind(node)
        addend = _ADDED_TO.get(kind, -1)
        before = [
            earlier
            for position, (earlier, _) in enumerate(node.next_functions)
            if earlier is not None and position != addend
        ]
        if _is_curved(node, way):
            depends.update(dict.fromkeys(before if addend >= 0 else (node,)))
        elif kind in _PRODUCTS:
            depends.update(dict.fromkeys(earlier for earlier in before if earlier not in way))
    return tuple(depends)


def behind_what_is_saved(nodes: Iterable[Any], inputs: Iterable[Any]) -> tuple[Tensor, ...]:
    """Return the plain tensors with a history that a derivative depends on, by what the nodes of a
    transform's layer have saved: that layer's own graph does not lead to them.

    Args:
        nodes: Of what is differentiated.
        inputs: With respect to which tensors.
    """
    way = _on_the_way(_before(nodes), inputs)
    saved = (
        _saved(node, name)
        for node in _passed(way, way)
        for name in torch_inside.saved_names(node)
        if _needs(node, name, way)
    )
    return tuple(tensor for tensor in saved if tensor is not None and tensor.requires_grad)


def _saved(node: Any, name: str) -> Tensor | None:
    """Return the plain tensor that a node saved."""
    tensor: Tensor | None = plain(torch_inside.saved_tensor(node, name))
    # A view that was taken where grad mode is off has no history of its own
    if tensor is None or tensor.requires_grad:
        return tensor
    base = torch_inside.view_base(tensor)
    return tensor if base is None else base


def _needs(node: Any, name: str, way: Container[Any]) -> bool:
    """Say whether the derivative along a way needs what a node saved under a name."""
    return _OF_EDGE.get(_kind(node)) is None or _leads_elsewhere(node, _own_edge(node, name), way)


def _own_edge(node: Any, name: str) -> int:
    """Return the edge of a node whose derivative does not need what it saved under a name: of a
    product with respect to one factor it needs the other alone.
    """
    return _OF_EDGE.get(_kind(node), {}).get(name, -1)


def _leads_elsewhere(node: Any, edge: int, way: Container[Any]) -> bool:
    """Say whether a way goes on from a node by another edge than one and what is only added."""
    passed = (edge, _ADDED_TO.get(_kind(node), -1))
    return any(
        earlier in way and position not in passed
        for position, (earlier, _) in enumerate(node.next_functions)
    )


def saved_by_edge(recorder: Recorder, node: Any) -> tuple[tuple[int, int], ...]:
    """Return the numbers of what a product has just saved, each after the edge whose derivative
    does not need it: it may be freed by the time that the derivative was taken.
    """
    names = torch_inside.saved_names(node) if _kind(node) in _OF_EDGE else ()
    return tuple(
        (_own_edge(node, name), number)
        for name in names
        for number, _ in inputs_of(recorder, (plain(torch_inside.saved_tensor(node, name)),), {})
    )


def _spared(stamp: Stamp, node: Any, way: Container[Any]) -> frozenset[int]:
    """Return the numbers of what a product saved that its derivative along a way needs not."""
    needed = {number for edge, number in stamp.saved if _leads_elsewhere(node, edge, way)}
    return frozenset(number for _, number in stamp.saved if number not in needed)


def each_toward(out: Any, inputs: Iterable[Any]) -> list[tuple[Tensor, ...]]:
    """Return with respect to which inputs each tensor among some derivatives was taken: to all
    where there are many.
    """
    towards, items = tuple(tensors_in(inputs)), out if isinstance(out, (tuple, list)) else (out,)
    if not len(items) == len(towards) <= _FEW:
        return [towards for item in items if isinstance(item, Tensor)]
    return [
        (toward,) for item, toward in zip(items, towards, strict=True) if isinstance(item, Tensor)
    ]


def left_by_functions(
    nodes: Iterable[Any], inputs: Iterable[Any], results: Iterable[Any]
) -> tuple[Any, ...]:
    """Return the autograd nodes whose values a derivative may depend on though its own history
    does not have them.

    The backward of a custom Function is the only one that can lose them: nobody sees what it does
    with what it saved and with what arrives.

    Args:
        nodes: Of what is differentiated.
        inputs: With respect to which tensors.
        results: The nodes of the derivatives.
    """
    nodes, inputs = tuple(nodes), tuple(inputs)
    way = _on_the_way(_before(nodes), inputs)
    if not any(map(_is_custom, _passed(way, way))):
        return ()
    kept = _before(results)
    lost: dict[Any, None] = {}
    for node in factors_of(nodes, inputs):
        behind = [node] if not _is_custom(node) else nodes_before(node) if _keeps(node) else []
        lost.update((earlier, None) for earlier in behind if earlier not in kept)
    return tuple(lost)


def _is_custom(node: Any) -> bool:
    return isinstance(node, torch.autograd.function.BackwardCFunction)


def _keeps(node: Any) -> bool:
    """Say whether a custom Function kept tensors for its backward."""
    return function_saved(node) or next(tensors_in(vars(node).values()), None) is not None


def _before(nodes: Iterable[Any]) -> dict[Any, list[Any]]:
    """Return some nodes and all before them, each with what lies directly before it."""
    directly: dict[Any, list[Any]] = {}
    for node in walk((node for node in nodes if node is not None), directly.__getitem__):
        directly[node] = nodes_before(node)
    return directly


def _on_the_way(before: Mapping[Any, list[Any]], inputs: Iterable[Any]) -> dict[Any, None]:
    """Return the nodes that lie between the start and some inputs, in the same order each time.

    All of them where no input is among them.
    """
    wanted = [tensor for tensor in inputs if isinstance(tensor, Tensor)]
    history = {tensor.grad_fn for tensor in wanted} - {None}
    leaves = {id(tensor) for tensor in wanted if tensor.grad_fn is None}
    ends = [
        node for node in before if node in history or id(getattr(node, "variable", None)) in leaves
    ]
    if not ends:
        return dict.fromkeys(before)
    after = grouped((source, node) for node, earlier in before.items() for source in earlier)
    return dict.fromkeys(walk(ends, lambda node: after.get(node, ())))


def _passed(nodes: Iterable[Any], way: Container[Any]) -> Iterator[Any]:
    """Yield the nodes that a derivative along a way passes: at what made its input it ends."""
    return (node for node in nodes if any(earlier in way for earlier in nodes_before(node)))


def is_product(node: Any) -> bool:
    """Say whether a node's derivative depends on whatever it was computed with."""
    return _kind(node) not in _LINEAR


def _is_curved(node: Any, way: Container[Any]) -> bool:
    """Say whether the derivative of a node depends on the values that go into it from the way
    itself.
    """
    kind = _kind(node)
    if kind in _PRODUCTS:
        inside = [before in way for before, _ in node.next_functions]
        return sum(inside) > 1 or (kind == "Div" and any(inside[1:]))
    return kind not in _LINEAR


def _kind(node: Any) -> str:
    """Return ``"Mul"`` for MulBackward0."""
    name = type(node).__name__
    return name.rpartition("Backward")[0] or name
