"""What a view shows of a tensor that was put together with a history: whoever takes the first of
two columns out of the graph has nothing of the second.
"""

from dataclasses import replace
from typing import Any

from torch import Tensor

from gradviz.recording.arithmetic.saved import number
from gradviz.recording.calls.arguments import part_at
from gradviz.recording.entries.places import Places, places_of
from gradviz.recording.entries.records import Inputs, Joints
from gradviz.recording.recorder import Recorder
from gradviz.recording.tensor_state import address, base_of, history, is_recorded
from gradviz.recording.torch_inside import result_of

JOINS = frozenset(("StackBackward0", "CatBackward0"))
"""The nodes of torch that put together."""
_MOST = 16  # parts that are told apart
_KEPT = 10_000  # calls of which they are


def shown(recorder: Recorder, args: Any, out: Tensor, inputs: Inputs) -> tuple[Inputs, Joints]:
    """Return what goes into a view, and where in its memory each part of that lies; no parts where
    the tensor that is viewed was not put together.

    Args:
        recorder: Of the thread.
        args: Of the call, the tensor first.
        out: What it gave.
        inputs: All that went in.
    """
    tape = recorder.tape
    whole = args[0] if args else None
    if not isinstance(whole, Tensor) or not address(out) or address(whole) != address(out):
        return inputs, ()
    origin = tape.origin(whole)
    if is_recorded(whole):
        own = tape.walk(whole.grad_fn)
        joints = _joints(recorder, base_of(whole)) if origin is None else ()
    else:
        own = origin or 0
        joints = tape.joints.get(own, ())
    places = places_of(out) if joints else None
    if places is None:
        return inputs, ()
    parts = [(part, made) for part, made in joints if part.overlaps(places)]
    if own == origin:
        call = tape.calls[own]
        parts = [(part, ((tape.call(replace(call, inputs=made)), False),)) for part, made in parts]
    of_parts = {serial: live for _, made in parts for serial, live in made}
    beside = {serial: live for serial, live in inputs if serial != own}
    if len(parts) == len(joints) or len(beside) == len(inputs):
        return inputs, tuple(parts)
    return tuple({**beside, **of_parts}.items()), tuple(parts)


def keep(recorder: Recorder, serial: int, joints: Joints) -> None:
    """Take note of the parts of what a call gave, for whoever views it."""
    kept = recorder.tape.joints
    if joints:
        kept[serial] = joints
    if len(kept) > _KEPT:
        del kept[next(iter(kept))]


def _joints(recorder: Recorder, tensor: Tensor) -> Joints:
    """Return where what a node put together lies, and what it is; nothing of any other node."""
    node = history(tensor)
    along = number(node, "dim") if type(node).__name__ in JOINS else None
    before = () if along is None else node.next_functions
    if along is None or not 1 < len(before) <= _MOST or any(inner is None for inner, _ in before):
        return ()
    stamp = recorder.tape.stamp_of(node)
    if stamp is not None and stamp.sources:
        return ()
    dimension, start = int(along) % tensor.dim(), 0
    joints: list[tuple[Places, Inputs]] = []
    for inner, output in before:
        shape = getattr(result_of(inner, output), "shape", ())
        length = shape[dimension] if len(shape) == tensor.dim() else 1
        index = (*(slice(None),) * dimension, slice(start, start + length))
        view = part_at(tensor, index)
        if view is None:
            return ()
        joints.append((places_of(view), ((recorder.tape.walk(inner), True),)))
        start += length
    return tuple(joints) if start == tensor.shape[dimension] else ()
