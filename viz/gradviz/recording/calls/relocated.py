"""Which elements of a tensor a call moves where, or overwrites.

A call that only moves elements is asked with their numbers in place of them, one that writes by an
index with marks. Both are small tensors of gradviz's own, so that nothing of the user's runs twice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gradviz.recording.calls.joined import OF_NUMBERS, Part, parts_with_a_source
from gradviz.recording.calls.memory import read_here
from gradviz.recording.calls.overwritten import elements_of
from gradviz.recording.entries.places import Places, places_where
from gradviz.recording.entries.records import Inputs
from gradviz.recording.recorder import Recorder
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import address
from gradviz.recording.torch_inside import without_dispatch, without_torch_function

_MOST = 2048  # elements that are told apart: their numbers are exact in single precision too
_FEW = 64  # of an array
_MOVES = frozenset(
    "roll flip fliplr flipud rot90 clone contiguous index_select gather take take_along_dim"
    " __getitem__ repeat tile repeat_interleave reshape flatten".split()
)
_KEEPS = frozenset(
    "mul __mul__ __rmul__ add __add__ __radd__ sub __sub__ __rsub__ div __truediv__ true_divide"
    " neg __neg__ float double to type sin cos tanh sigmoid relu exp log abs square sqrt".split()
)
_BY_INDEX: Mapping[str, Callable[..., Any]] = {
    "__setitem__": lambda marks, index, _: marks.__setitem__(index, True),
    "index_put_": lambda marks, indices, _, accumulate=False: marks.index_put_(
        indices, torch.tensor(True)
    ),
    "index_copy_": lambda marks, dim, index, _: marks.index_fill_(dim, index, True),
    "index_fill_": lambda marks, dim, index, _: marks.index_fill_(dim, index, True),
    "index_add_": lambda marks, dim, index, _, alpha=1: marks.index_fill_(dim, index, True),
    "scatter_": lambda marks, dim, index, _: marks.scatter_(dim, index, True),
    "scatter_add_": lambda marks, dim, index, _: marks.scatter_(dim, index, True),
    "masked_scatter_": lambda marks, mask, _: marks.masked_fill_(mask, True),
    "masked_fill_": lambda marks, mask, _: marks.masked_fill_(mask, True),
}
_ADDS = frozenset(("index_add_", "scatter_add_"))


class Indexed(NamedTuple):
    """What a write by an index fills.

    Attributes:
        places: The bytes.
        over: Nothing of what was there before is left.
    """

    places: Places
    over: bool


def filled(name: str, target: Tensor, args: Any, kwargs: Mapping[str, Any]) -> Indexed | None:
    """Say what of a tensor a call writes by an index or a mask; None where that cannot be told.

    Args:
        name: Of the function.
        target: What it writes into.
        args, kwargs: What it was given beside that.
    """
    mark = _BY_INDEX.get(name)
    if mark is None or not _is_small(target):
        return None
    try:
        with _unseen(target):
            marks = torch.zeros(target.shape, dtype=torch.bool, device="cpu")
            mark(marks, *args, **kwargs)
            marked = marks.numpy()
    except (TypeError, RuntimeError, IndexError):  # with more settings, or by floating numbers
        return None
    accumulates = name == "index_put_" and (*args[2:], kwargs.get("accumulate"))[0]
    over = name not in _ADDS and not accumulates
    places = places_where(target, marked)
    return None if places is None else Indexed(places, over)


def parts_with_a_place(
    recorder: Recorder,
    name: str,
    args: Any,
    kwargs: Any,
    out: Tensor,
    inputs: Inputs,
    frame: FrameType,
) -> list[Part] | None:
    """Return the parts of a tensor that was put together, or made by moving elements; None where
    all of it may have some of what went in.

    The arguments are those of ``parts_with_a_source``.
    """
    parts = parts_with_a_source(recorder, name, args, kwargs, out, inputs, frame)
    if not parts and name in OF_NUMBERS:
        given = args[0] if args else None
        by_value = _by_value(recorder, given, out, inputs)
        if by_value is None:
            return _carried_there(recorder, given, out, inputs, frame)
        return by_value
    return parts or relocated(recorder, name, args, kwargs, out, inputs) or parts


def _by_value(recorder: Recorder, given: Any, out: Tensor, inputs: Inputs) -> list[Part] | None:
    """Return the parts of what was made of an array by the numbers in it, where each of them left
    torch as it is; None where one did not, or all left together.
    """
    if not isinstance(given, np.ndarray) or recorder.escapes.same(given)[0] or not _is_small(out):
        return None
    serials = recorder.escapes.values.of_each(given, _FEW)
    several = set(serials or ()) - {0}
    calls = recorder.tape.calls
    bundled = {inner for number, _ in inputs for inner, _ in calls[number].inputs}
    if serials is None or not several <= {number for number, _ in inputs} | bundled:
        return None
    marks = np.array(serials).reshape(given.shape)
    places = {serial: places_where(out, marks == serial) for serial in several}
    if len(inputs) == len(places) == 1 or given.shape != out.shape:
        return None
    return [(part, ((serial, False),)) for serial, part in places.items() if part is not None]


def _carried_there(
    recorder: Recorder, given: Any, out: Tensor, inputs: Inputs, frame: FrameType
) -> list[Part] | None:
    """Return the parts of what was made of an array into which numbers that left were only put, by
    the elements that are one of them; None where that cannot be told, or all of them are.
    """
    if not isinstance(given, np.ndarray) or given.shape != out.shape or not _is_small(out):
        return None
    if recorder.escapes.same(given)[0]:
        return None
    marks: dict[int, Any] = {}
    for number, _ in inputs:
        there = elements_of(recorder, number, given, frame)
        if not there:
            return None
        marks |= there
    if all(mark.all() for mark in marks.values()):
        return None
    places = {number: places_where(out, mark) for number, mark in marks.items()}
    return [(part, ((number, False),)) for number, part in places.items() if part is not None]


def relocated(
    recorder: Recorder, name: str, args: Any, kwargs: Mapping[str, Any], out: Tensor, inputs: Inputs
) -> list[Part]:
    """Return the parts of what a call made by moving the elements of a tensor, each with what was
    written there; nothing where the same was written everywhere.
    """
    source = args[0] if args and name in (_MOVES | _KEEPS) else None
    if not isinstance(source, Tensor) or source.requires_grad or not _is_small(source, out):
        return []
    if address(source) == address(out):
        return []
    sources = _sources(recorder.tape, source, dict(inputs))
    moved = _numbers(name, source, args, kwargs, out) if sources else None
    if moved is None:
        return []
    parts = [*_parts(source, sources, moved, out)]
    if len(sources) == len(parts) == 1 and parts[0][0].mask is None:
        return []
    return [(places, _taken_out(recorder.tape, source, made)) for places, made in parts]


def _sources(tape: Tape, source: Tensor, inputs: Mapping[int, bool]) -> list[tuple[Places, Inputs]]:
    """Return what lies where in a tensor; nothing where that is not all that went in."""
    origin = tape.origin(source)
    if origin is not None:
        return list(tape.joints.get(origin, ())) if inputs.keys() == {origin} else []
    writes = read_here(tape, source)
    behind = {before for number in writes for before, _ in tape.calls[number].inputs}
    if not writes.keys() <= inputs.keys() or not inputs.keys() <= writes.keys() | behind:
        return []
    return [(places, ((number, False),)) for number, places in writes.items()]


def _parts(
    source: Tensor, sources: Sequence[tuple[Places, Inputs]], moved: Any, out: Tensor
) -> Iterator[tuple[Places, Inputs]]:
    for places, made in sources:
        marks = places.among(source).reshape(-1)[moved]
        filled_there = places_where(out, marks) if marks.any() else None
        if filled_there is not None:
            yield filled_there, made


def _taken_out(tape: Tape, source: Tensor, made: Inputs) -> Inputs:
    """Return a part of what was taken out of the graph as a call of its own that took it out."""
    origin = tape.origin(source)
    if origin is None:
        return made
    return ((tape.call(replace(tape.calls[origin], inputs=made)), False),)


def _numbers(name: str, source: Tensor, args: Any, kwargs: Mapping[str, Any], out: Tensor) -> Any:
    """Return by element of what a call made the number of the element that it was."""
    shape = tuple(Tensor.size(source))
    if name in _KEEPS:
        return np.arange(source.numel()).reshape(shape) if out.shape == source.shape else None
    function = getattr(Tensor, name, None) or getattr(torch, name)
    try:
        with _unseen(source):
            numbers = torch.arange(source.numel(), device="cpu").reshape(shape)
            moved = function(numbers, *args[1:], **kwargs)
            return moved.numpy() if moved.shape == out.shape else None
    except (TypeError, RuntimeError, IndexError):
        return None


@contextmanager
def _unseen(tensor: Tensor) -> Iterator[None]:
    """Let no mode see what is asked of torch."""
    with without_torch_function(), without_dispatch(tensor):
        yield


def _is_small(*tensors: Tensor) -> bool:
    return all(
        type(tensor) is Tensor
        and tensor.device.type == "cpu"
        and tensor.layout == torch.strided
        and not tensor.is_nested
        and 0 < tensor.numel() <= _MOST
        and address(tensor) != 0
        for tensor in tensors
    )
