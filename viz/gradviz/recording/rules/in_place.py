"""Calls that write into what they are given."""

from functools import partial
from types import CodeType, FrameType
from typing import Any

from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording import beside, where
from gradviz.recording.arguments import tensors_in
from gradviz.recording.inputs import inputs_of, is_returned_by_function
from gradviz.recording.memory import written
from gradviz.recording.memory_writes import wrote
from gradviz.recording.moved import keeps, settings_of, stepped
from gradviz.recording.named_calls import is_in_place
from gradviz.recording.recorder import Recorder
from gradviz.recording.records import Call
from gradviz.recording.rule import Rule
from gradviz.recording.rules.ordinary import after
from gradviz.recording.tensor_state import base_of, history, is_recorded
from gradviz.recording.torch_inside import node_number, version
from gradviz.recording.where import Spot

Targets = tuple[tuple[Tensor, bool, int], ...]
"""What is written into, whether it had a history before, and torch's number of the node that made
it, 0 where none did.
"""


def _before_in_place(recorder: Recorder, args: Any, kwargs: Any) -> Targets:
    targets = args[0] if args else kwargs.get("input", kwargs.get("self", kwargs.get("tensor")))
    if isinstance(targets, Tensor):
        written = base_of(targets)
        origin = recorder.tape.origin(written)
        node = history(written) if origin is not None else None
        if (
            origin is not None
            and node is not None
            and is_returned_by_function(recorder, node, origin)
        ):
            # The write puts another node in front of the Function's
            recorder.tape.drop_origin(written)
        return ((targets, is_recorded(targets), _number(written)),)
    if isinstance(targets, (list, tuple)):
        return tuple(
            (item, is_recorded(item), _number(item)) for item in targets if isinstance(item, Tensor)
        )
    return ()


def _number(target: Tensor) -> int:
    """Return torch's number of the node that has made a value; 0 where there is none."""
    node = history(target) if target.requires_grad else None
    return 0 if node is None else node_number(node)


def _after_in_place(
    recorder: Recorder, rule: Rule, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
) -> Any:
    several = len(before or ()) > 1 or (args and isinstance(args[0], (list, tuple)))
    steps = where.is_optimizer(frame.f_code.co_filename) and not rule.name.endswith("zero_")
    settings = _of_group(recorder, frame) if steps else ()
    spot: Spot | None = None
    for index, (target, was_live, number) in enumerate(before or ()):
        if recorder.touches:
            recorder.touches.wrote(target, rule.name, frame)
        if number or target.requires_grad or not steps:
            spot = spot or Spot._make((*where.quick(frame)[:4], -1))
            _rewrote(recorder, target, number, spot)
        others = [
            (
                item[index]
                if several and isinstance(item, (list, tuple)) and len(item) == len(before)
                else item
            )
            for item in args[1:]
        ]
        if not steps:
            wrote(recorder, rule, target, was_live, others, kwargs, frame)
        elif target.requires_grad:
            stepped(recorder.tape, target, settings)
        else:
            keeps(recorder.tape, (target,), inputs_of(recorder, others, {}))
    return out


def _rewrote(recorder: Recorder, target: Tensor, number: int, spot: Spot) -> None:
    """A line has changed a value that the node of this number had made, or else a leaf, or a
    tensor without gradient.
    """
    rewritten = recorder.tape.rewritten
    if number:
        rewritten.value(number, spot)
    elif target.requires_grad:
        if leaf := recorder.tape.leaf_number(target):
            rewritten.leaf(leaf, spot)
    elif type(target) is Tensor and not target.is_nested and not target.is_inference():
        rewritten.plain(tuple(base_of(target).shape), version(target) or 0, spot)


def _of_group(recorder: Recorder, frame: FrameType) -> tuple[int, ...]:
    """Return what left torch and became a setting of the optimizer that runs in a frame."""
    if not recorder.tape.calls:
        return ()
    return tuple(number for number, _ in inputs_of(recorder, settings_of(frame), {}, frame=frame))


def _before_asked(place: int, recorder: Recorder, args: Any, kwargs: Any) -> int:
    """Return torch's number of the node that made what will be changed, where
    ``inplace`` asks for that; 0 otherwise.
    """
    asked = args[place] if len(args) > place else kwargs.get("inplace")
    target = args[0] if args else kwargs.get("input")
    return _number(base_of(target)) if asked and isinstance(target, Tensor) else 0


def _after_asked(
    recorder: Recorder, rule: Rule, args: Any, kwargs: Any, out: Any, before: Any, frame: FrameType
) -> Any:
    if before:
        recorder.tape.rewritten.value(before, Spot._make((*where.quick(frame)[:4], -1)))
    return after(recorder, rule, args, kwargs, out, None, frame)


def _place_of_inplace(function: Any) -> int:
    """Return where a function of torch's that is written in Python takes ``inplace``; 0 where it
    takes none.
    """
    code = getattr(function, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if isinstance(code, CodeType) else ()
    return names.index("inplace") if "inplace" in names else 0


def _before_writing(
    written: tuple[beside.Argument, ...], recorder: Recorder, args: Any, kwargs: Any
) -> Targets:
    return tuple(
        (target, is_recorded(target), 0) for target in beside.targets(written, args, kwargs)
    )


def _after_writing(
    written: tuple[beside.Argument, ...],
    recorder: Recorder,
    rule: Rule,
    args: Any,
    kwargs: Any,
    out: Any,
    before: Any,
    frame: FrameType,
) -> Any:
    """Follow an operator that declares to write some of its arguments."""
    targets = [target for target, *_ in before or ()]
    others = [
        item
        for item in tensors_in((*args, *kwargs.values()))
        if not any(item is target for target in targets)
    ]
    for target, was_live, _ in before or ():
        wrote(recorder, rule, target, was_live, others, {}, frame)
    return after(recorder, rule, args, kwargs, out, None, frame)


def _after_norm(
    statistics: beside.Statistics,
    recorder: Recorder,
    rule: Rule,
    args: Any,
    kwargs: Any,
    out: Any,
    before: Any,
    frame: FrameType,
) -> Any:
    """Follow a norm in training: it writes its running statistics, and does not read them."""
    buffers = statistics.written(args, kwargs)
    if not buffers:
        return after(recorder, rule, args, kwargs, out, before, frame)
    args, kwargs = statistics.without(args, kwargs)
    inputs = inputs_of(recorder, args[:1] or (kwargs.get("input"),), {})
    if inputs:
        kind = CutKind.COPY_UNDER_NO_GRAD if any(live for _, live in inputs) else None
        call = Call(
            rule.name, kind, f"{rule.name}()", inputs, recorder.stacks.look_around(frame).spot
        )
        serial = recorder.tape.call(call)
        for buffer in buffers:
            written(recorder.tape, buffer, serial, None, over=False)
    return after(recorder, rule, args, kwargs, out, before, frame)


def recognise(function: Any, name: str) -> Rule | None:
    """Return the rule of a torch function that writes into what it is given; None for any other."""
    if is_in_place(name):
        return Rule(name, _after_in_place, _before_in_place)
    place = _place_of_inplace(function)
    if place:
        return Rule(name, _after_asked, partial(_before_asked, place))
    statistics = beside.statistics_of(function, name)
    if statistics is not None:
        return Rule(name, partial(_after_norm, statistics))
    written = beside.written_arguments(function)
    if written:
        return Rule(name, partial(_after_writing, written), partial(_before_writing, written))
    return None
