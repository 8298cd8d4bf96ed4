"""A tensor that is put together of several values: each is written into its own part of the memory.

So whoever reads a part of it has nothing of the others.
"""

from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

import numpy as np
from torch import Tensor

from gradviz.recording.calls.arguments import part_at
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.joints import JOINS, shown
from gradviz.recording.entries.places import Places
from gradviz.recording.entries.records import Inputs
from gradviz.recording.recorder import Recorder
from gradviz.recording.tensor_state import history

_JOINED = frozenset("cat concat concatenate stack".split())
_SIDES = {"vstack": 0, "row_stack": 0, "hstack": 1, "column_stack": 1, "dstack": 2}
"""The dimension along which a function joins, where it is not said in the call."""
OF_NUMBERS = frozenset(("tensor", "as_tensor", "from_numpy"))
"""What makes a tensor of numbers."""
_MOST = 64  # parts that are told apart

Part = tuple[Tensor | Places, Inputs]
"""A part of a tensor, as a view or by its bytes, and what went into it."""


def parts_with_a_source(
    recorder: Recorder,
    name: str,
    args: Any,
    kwargs: Any,
    out: Tensor,
    inputs: Inputs,
    frame: FrameType,
) -> list[Part] | None:
    """Return the parts of a tensor that something of interest went into.

    None where all of it may have some of it: it is not put together, or the same went into every
    part.

    Args:
        recorder: Of the thread.
        name: Of the function that made it.
        args, kwargs: What that was given.
        out: The tensor.
        inputs: All that went in.
        frame: Where the call stands.
    """
    given = args[0] if args else None
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.size <= _MOST:
        given = given.tolist()
    if not isinstance(given, (list, tuple)) or not 1 < len(given) <= _MOST:
        return None
    if name in OF_NUMBERS:
        sources = _of_numbers(recorder, given, inputs, frame)
    elif name in _JOINED or name in _SIDES:
        sources = [inputs_of(recorder, (item,), {}) for item in given]
    else:
        return None
    sourced = {number for part in sources for number, _ in part}
    is_whole = len(set(map(frozenset, sources))) == 1
    if is_whole or not sourced.issuperset(number for number, _ in inputs):
        return None
    along = 0 if name in OF_NUMBERS else _along(name, args[1:], kwargs, out)
    views = None if along is None else _parts(out, given, along)
    if views is None:
        return None
    return [(view, part) for view, part in zip(views, sources, strict=True) if part]


def _parts(out: Tensor, given: Sequence[Any], along: int) -> Iterator[Tensor] | None:
    """Return the views of what was put together; None where it is not as long as its parts."""
    lengths = [
        item.shape[along] if isinstance(item, Tensor) and item.dim() == out.dim() else 1
        for item in given
    ]
    if not out.dim() or sum(lengths) != out.shape[along]:
        return None
    return _views(out, lengths, along=along)


def _along(name: str, args: Any, kwargs: Any, out: Tensor) -> int | None:
    """Return the dimension along which a call joins; None where that is not clear."""
    if name in _SIDES:
        given = min(_SIDES[name], out.dim() - 1)
        return None if args or kwargs else given
    words = [value for word, value in kwargs.items() if word in ("dim", "axis")]
    if len(words) != len(kwargs) or len(args) + len(words) > 1:
        return None
    (given,) = (*args, *words) or (0,)
    return given % max(out.dim(), 1) if type(given) is int else None


def _of_numbers(
    recorder: Recorder, given: Sequence[Any], inputs: Inputs, frame: FrameType
) -> list[Inputs]:
    sources = [_of_number(recorder, item) for item in given]
    if {number for part in sources for number, _ in part}.issuperset(dict(inputs)):
        return sources
    return [
        part or _by_source(recorder, item, index, frame, inputs)
        for index, (item, part) in enumerate(zip(given, sources, strict=True))
    ]


def elements_apart(recorder: Recorder, tensor: Tensor, value: Any) -> list[tuple[Any, Inputs]]:
    """Return the elements of a list that a live tensor gave, each with what it comes from, where
    the tensor was put together of as many values; nothing for any other.
    """
    if type(value) is not list or not 1 < len(value) <= _MOST or tensor.dim() != 1:
        return []
    node = history(tensor)
    stamp = None if node is None else recorder.tape.stamp_of(node)
    if type(node).__name__ not in JOINS or (stamp is not None and stamp.sources):
        return []
    before = [inner for inner, _ in node.next_functions]
    if len(before) != len(value):
        return []
    walk = recorder.tape.walk
    inputs = [() if inner is None else ((walk(inner), True),) for inner in before]
    return [pair for pair in zip(value, inputs, strict=True) if pair[1]]


def elements_joined(
    recorder: Recorder, tensor: Tensor, value: Any, inputs: Inputs
) -> list[tuple[Any, Inputs]]:
    """Return the elements of a list or an array that a tensor without a history gave, each with
    what it comes from, where the tensor was put together; nothing for any other.
    """
    if tensor.requires_grad or tensor.dim() != 1 or not 1 < tensor.numel() <= _MOST:
        return []
    origin, tape = recorder.tape.origin(tensor), recorder.tape
    is_joined = len(inputs) > 1 if origin is None else len(tape.joints.get(origin, ())) > 1
    if type(value) not in (list, np.ndarray) or not tensor.is_floating_point() or not is_joined:
        return []
    views = [*_views(tensor, [1] * len(value))]
    parts = [
        inputs_of(recorder, (view,), {})
        if origin is None
        else shown(recorder, (tensor,), view, inputs)[0]
        for view in views
    ]
    if len(parts) != len(value) or len(set(map(frozenset, parts))) == 1:
        return []
    numbers = value.tolist() if isinstance(value, np.ndarray) else value
    return [pair for pair in zip(numbers, parts, strict=True) if pair[1]]


def with_a_source(recorder: Recorder, tensor: Tensor, value: Any) -> Any:
    """Return the elements of a list that a tensor gave, of whose part something is known.

    All of it where it is no such list, or the tensor itself comes from something of interest.
    """
    if type(value) is not list or not 1 < len(value) <= _MOST or tensor.requires_grad:
        return value
    if recorder.tape.origin(tensor) is not None:
        return value
    views = _views(tensor, [1] * len(value))
    pairs = zip(value, views, strict=True)
    return [item for item, view in pairs if inputs_of(recorder, (view,), {})] or value


def _of_number(recorder: Recorder, item: Any) -> Inputs:
    numbers = inputs_of(recorder, (item,), {}) if isinstance(item, Tensor) else ()
    came, _ = recorder.escapes.same(item) if not isinstance(item, Tensor) else ((), False)
    return (*numbers, *((number, False) for number in came))


def _by_source(
    recorder: Recorder, item: Any, index: int, frame: FrameType, inputs: Inputs
) -> Inputs:
    """Return what an element comes from by the source; all that went in where that cannot be
    told.
    """
    if isinstance(item, Tensor):
        return ()
    behind = recorder.escapes.of_element(frame, item, index)
    return inputs if behind is None else tuple((number, False) for number in behind)


def _views(out: Tensor, lengths: Sequence[int], *, along: int = 0) -> Iterator[Tensor]:
    start, before = 0, (slice(None),) * along
    for length in lengths:
        view = part_at(out, (*before, slice(start, start + length)))
        if view is not None:
            yield view
        start += length
