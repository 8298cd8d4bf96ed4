"""A call of no particular kind: what it makes either has a history, or comes from what went in."""

from typing import Any

from torch import Tensor

from gradviz.recording.calls.familiar import told_before
from gradviz.recording.calls.memory_writes import wrote
from gradviz.recording.calls.noting import is_another, made, stamp_nodes
from gradviz.recording.calls.rule import Function, Rule, TorchCall
from gradviz.recording.reading import where
from gradviz.recording.reading.named_calls import OUT
from gradviz.recording.reading.where import Spot
from gradviz.recording.tensor_state import base_of, is_recorded
from gradviz.recording.torch_inside import FOREACH, version


def after(call: TorchCall) -> None:
    """Take note of what a call made."""
    recorder, _, args, kwargs, out, _, _ = call
    kind = type(out)
    if kind is Tensor and not out.requires_grad and told_before(call):
        return
    if kind is Tensor or isinstance(out, Tensor):
        if id(out) in recorder.tape.tensors.by_key:
            is_another(recorder, out, args, kwargs)
        if is_recorded(out):
            stamp_nodes(call, (out,))
        else:
            made(call, (out,))
    elif isinstance(out, (tuple, list)):
        tensors = tuple(item for item in out if isinstance(item, Tensor))
        for item in tensors:
            is_another(recorder, item, args, kwargs)
        live = tuple(item for item in tensors if is_recorded(item))
        if live:
            stamp_nodes(call, live)
        if len(live) < len(tensors):
            dead = tuple(item for item in tensors if not is_recorded(item))
            if call.function.name.startswith(FOREACH):
                _made_one_by_one(call, dead)
            else:
                made(call, dead, several=len(tensors) > 1)
    if "out" in kwargs:
        _wrote_out(call)


def _made_one_by_one(call: TorchCall, dead: tuple[Tensor, ...]) -> None:
    """Take note of what a call made of lists of tensors, each of those in its own place."""
    for place, item in enumerate(call.out):
        if any(item is other for other in dead):
            given = [_in_place(value, place, len(call.out)) for value in call.args]
            named = {
                name: _in_place(value, place, len(call.out)) for name, value in call.kwargs.items()
            }
            made(call._replace(args=tuple(given), kwargs=named, out=item), (item,))


def _in_place(value: Any, place: int, length: int) -> Any:
    """Return the element of a list that stands in a place, where the list is as long as the
    results.
    """
    is_list = isinstance(value, (list, tuple)) and len(value) == length
    return value[place] if is_list else value


def _wrote_out(call: TorchCall) -> None:
    recorder, outs, frame = call.recorder, call.kwargs["out"], call.frame
    others = {name: value for name, value in call.kwargs.items() if name != "out"}
    write = call._replace(function=Function(f"{call.function.name}{OUT}"), kwargs=others)
    for target in (outs,) if isinstance(outs, Tensor) else tuple(outs or ()):
        wrote(write, target, was_live=False)
        if type(target) is Tensor and not target.is_nested and not target.is_inference():
            spot = Spot._make((*where.quick(frame)[:4], -1))
            sizes = tuple(base_of(target).shape)
            recorder.tape.rewritten.plain(sizes, version(target) or 0, spot)


def ordinary(name: str) -> Rule:
    """Return the rule of a function that nothing else is known of."""
    return Rule(name, after)


RULES = {
    **{f"{name}.__get__": ordinary(name) for name in ("T", "mT", "H", "mH", "real", "imag")},
}
