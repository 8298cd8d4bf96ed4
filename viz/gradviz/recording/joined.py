"""A tensor that is put together of several values: each is written into its own part of the memory.

So whoever reads a part of it has nothing of the others.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor

from gradviz.recording.arguments import part_at
from gradviz.recording.inputs import Inputs, inputs_of
from gradviz.recording.recorder import Recorder

_JOINED = frozenset("cat concat concatenate".split())
_OF_NUMBERS = frozenset(("tensor", "as_tensor"))
_MOST = 64  # parts that are told apart

Part = tuple[Tensor, Inputs]
"""A part of a tensor, as a view, and what went into it."""


def parts_with_a_source(
    recorder: Recorder, name: str, args: Any, kwargs: Any, out: Tensor, inputs: Inputs
) -> list[Part] | None:
    """Return the parts of a tensor that something of interest went into.

    None where all of it may have some of it: it is not put together, or all that was given is of
    interest.

    Args:
        recorder: Of the thread.
        name: Of the function that made it.
        args, kwargs: What that was given.
        out: The tensor.
        inputs: All that went in.
    """
    given = args[0] if args else None
    if not isinstance(given, (list, tuple)) or not 1 < len(given) <= _MOST:
        return None
    if name in _OF_NUMBERS:
        sources = [_of_number(recorder, item) for item in given]
    elif (name in _JOINED or name == "stack") and len(args) == 1 and not kwargs:
        sources = [inputs_of(recorder, (item,), {}) for item in given]
    else:
        return None
    sourced = {number for part in sources for number, _ in part}
    if all(sources) or not sourced.issuperset(number for number, _ in inputs):
        return None
    lengths = [len(item) if name in _JOINED else 1 for item in given]
    if not out.dim() or sum(lengths) != len(out):
        return None
    views = _views(out, lengths, of_one=name not in _JOINED)
    return [(view, part) for view, part in zip(views, sources, strict=True) if part]


def with_a_source(recorder: Recorder, tensor: Tensor, value: Any) -> Any:
    """Return the elements of a list that a tensor gave, of whose part something is known.

    All of it where it is no such list, or the tensor itself comes from something of interest.
    """
    if type(value) is not list or not 1 < len(value) <= _MOST or tensor.requires_grad:
        return value
    if recorder.tape.origin(tensor) is not None:
        return value
    views = _views(tensor, [1] * len(value), of_one=True)
    pairs = zip(value, views, strict=True)
    return [item for item, view in pairs if inputs_of(recorder, (view,), {})] or value


def _of_number(recorder: Recorder, item: Any) -> Inputs:
    numbers = inputs_of(recorder, (item,), {}) if isinstance(item, Tensor) else ()
    came, _ = recorder.escapes.same(item) if not isinstance(item, Tensor) else ((), False)
    return (*numbers, *((number, False) for number in came))


def _views(out: Tensor, lengths: Sequence[int], *, of_one: bool) -> Iterator[Tensor]:
    start = 0
    for length in lengths:
        view = part_at(out, start if of_one else slice(start, start + length))
        if view is not None:
            yield view
        start += length
