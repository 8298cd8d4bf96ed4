"""Calls that write into what they are given."""

from collections.abc import Callable, Mapping
from functools import partial
from types import CodeType, FrameType
from typing import Any, NamedTuple

from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording.calls import taken_in
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.inputs import inputs_of, is_returned_by_function
from gradviz.recording.calls.memory import written
from gradviz.recording.calls.memory_writes import wrote
from gradviz.recording.calls.moved import keeps, settings_of, stepped
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.entries.records import Call
from gradviz.recording.entries.rewritten import STEP
from gradviz.recording.reading import where
from gradviz.recording.reading.named_calls import is_in_place
from gradviz.recording.reading.where import Spot
from gradviz.recording.recorder import Recorder
from gradviz.recording.rules.ordinary import after
from gradviz.recording.tensor_state import base_of, history, is_recorded
from gradviz.recording.torch_inside import node_number, version, written_by_schema

# What a call writes beside its result.


class Argument(NamedTuple):
    """Where a function takes an argument."""

    position: int
    name: str

    def of(self, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """Return what a call gives for it; None where it gives nothing."""
        return args[self.position] if self.position < len(args) else kwargs.get(self.name)


class Statistics(NamedTuple):
    """How a norm takes its running statistics.

    Attributes:
        mean, variance: The buffers.
        trains: Whether they are written, and not read.
        default: Of ``trains``.
    """

    mean: Argument
    variance: Argument
    trains: Argument
    default: bool

    def written(self, args: Any, kwargs: Mapping[str, Any]) -> tuple[Tensor, ...]:
        """Return the buffers that a call writes; none where it reads them."""
        trains = self.trains.of(args, kwargs)
        if not (self.default if trains is None else trains):
            return ()
        buffers = (self.mean.of(args, kwargs), self.variance.of(args, kwargs))
        return tuple(buffer for buffer in buffers if isinstance(buffer, Tensor))

    def without(
        self, args: Any, kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return what a call is given but for the buffers."""
        places, names = zip(self.mean, self.variance, strict=True)
        kept = tuple(None if place in places else value for place, value in enumerate(args))
        return kept, {name: value for name, value in kwargs.items() if name not in names}


def _statistics(mean: int, trains: tuple[int, str], *, default: bool) -> Statistics:
    return Statistics(
        Argument(mean, "running_mean"),
        Argument(mean + 1, "running_var"),
        Argument(*trains),
        default,
    )


# torch.nn.functional's are written in Python; torch's own take weight and bias first.
_IN_PYTHON = {
    "batch_norm": _statistics(1, (5, "training"), default=False),
    "instance_norm": _statistics(1, (5, "use_input_stats"), default=True),
}
_IN_C = {
    "batch_norm": _statistics(3, (5, "training"), default=False),
    "instance_norm": _statistics(3, (5, "use_input_stats"), default=True),
    "native_batch_norm": _statistics(3, (5, "training"), default=False),
}


def statistics_of(func: Callable[..., Any], name: str) -> Statistics | None:
    """Return how a function takes running statistics; None where it has none."""
    return (_IN_PYTHON if hasattr(func, "__code__") else _IN_C).get(name)


def written_arguments(func: Callable[..., Any]) -> tuple[Argument, ...]:
    """Return the arguments that an operator declares to write."""
    return tuple(Argument(*place) for place in written_by_schema(func))


def targets(
    arguments: tuple[Argument, ...], args: Any, kwargs: Mapping[str, Any]
) -> tuple[Tensor, ...]:
    """Return the tensors that a call gives for some arguments.

    ``out=`` is looked at for every call.
    """
    given = [argument.of(args, {} if argument.name == "out" else kwargs) for argument in arguments]
    return tuple(
        item
        for value in given
        for item in (value if isinstance(value, (list, tuple)) else (value,))
        if isinstance(item, Tensor)
    )


Targets = tuple[tuple[Tensor, bool, int, taken_in.Unsound | None], ...]
"""What is written into, whether it had a history before, torch's number of the node that made it,
0 where none did, and what spoils it.
"""


def _before_in_place(recorder: Recorder, args: Any, kwargs: Any) -> Targets:
    tape = recorder.tape
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
        spoils = taken_in.before(tape, targets)
        return ((targets, is_recorded(targets), _number(written), spoils),)
    if isinstance(targets, (list, tuple)):
        return tuple(
            (item, is_recorded(item), _number(item), taken_in.before(tape, item))
            for item in targets
            if isinstance(item, Tensor)
        )
    return ()


def _number(target: Tensor) -> int:
    """Return torch's number of the node that has made a value; 0 where there is none."""
    node = history(target) if target.requires_grad else None
    return 0 if node is None else node_number(node)


def _after_in_place(call: TorchCall) -> None:
    recorder, rule, args, _, _, before, frame = call
    several = len(before or ()) > 1 or (args and isinstance(args[0], (list, tuple)))
    steps = where.is_optimizer(frame.f_code.co_filename) and not rule.name.endswith("zero_")
    settings = _of_group(recorder, frame) if steps else ()
    spot: Spot | None = None
    for index, (target, was_live, number, spoils) in enumerate(before or ()):
        if recorder.touches:
            recorder.touches.wrote(target, rule.name, frame)
        if number or target.requires_grad or not steps:
            spot = spot or Spot._make((*where.quick(frame)[:4], -1))
            _rewrote(recorder, target, number, spot)
            brought = taken_in.after(recorder.tape, target, spoils) if steps else 0
            if brought is not None:
                by = STEP if steps else rule.name
                recorder.tape.rewritten.memory(target, by, spot, brought=brought)
        others = [
            (
                item[index]
                if several and isinstance(item, (list, tuple)) and len(item) == len(before)
                else item
            )
            for item in args[1:]
        ]
        if not steps:
            wrote(call._replace(args=others), target, was_live)
        elif target.requires_grad:
            stepped(recorder.tape, target, settings)
        else:
            keeps(recorder.tape, (target,), inputs_of(recorder, others, {}))


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


def _after_asked(call: TorchCall) -> None:
    if call.before:
        spot = Spot._make((*where.quick(call.frame)[:4], -1))
        call.recorder.tape.rewritten.value(call.before, spot)
    after(call)


def _place_of_inplace(function: Any) -> int:
    """Return where a function of torch's that is written in Python takes ``inplace``; 0 where it
    takes none.
    """
    code = getattr(function, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if isinstance(code, CodeType) else ()
    return names.index("inplace") if "inplace" in names else 0


def _before_writing(
    written: tuple[Argument, ...], recorder: Recorder, args: Any, kwargs: Any
) -> tuple[tuple[Tensor, bool], ...]:
    return tuple((target, is_recorded(target)) for target in targets(written, args, kwargs))


def _after_writing(call: TorchCall) -> None:
    """Follow an operator that declares to write some of its arguments."""
    args, kwargs, before = call.args, call.kwargs, call.before
    targets = [target for target, *_ in before or ()]
    others = [
        item
        for item in tensors_in((*args, *kwargs.values()))
        if not any(item is target for target in targets)
    ]
    for target, was_live in before or ():
        wrote(call._replace(args=others, kwargs={}), target, was_live)
    after(call)


def _after_norm(statistics: Statistics, call: TorchCall) -> None:
    """Follow a norm in training: it writes its running statistics, and does not read them."""
    recorder, rule, args, kwargs, _, _, frame = call
    buffers = statistics.written(args, kwargs)
    if not buffers:
        after(call)
        return
    args, kwargs = statistics.without(args, kwargs)
    inputs = inputs_of(recorder, args[:1] or (kwargs.get("input"),), {})
    if inputs:
        kind = CutKind.COPY_UNDER_NO_GRAD if any(live for _, live in inputs) else None
        spot = recorder.stacks.look_around(frame).spot
        serial = recorder.tape.call(Call(rule.name, kind, f"{rule.name}()", inputs, spot))
        for buffer in buffers:
            recorder.tape.rewritten.memory(buffer, rule.name, spot)
            written(recorder.tape, buffer, serial, None, over=False)
    after(call._replace(args=args, kwargs=kwargs))


def recognise(function: Any, name: str) -> Rule | None:
    """Return the rule of a torch function that writes into what it is given; None for any other."""
    if is_in_place(name):
        return Rule(name, _after_in_place, _before_in_place)
    place = _place_of_inplace(function)
    if place:
        return Rule(name, _after_asked, partial(_before_asked, place))
    statistics = statistics_of(function, name)
    if statistics is not None:
        return Rule(name, partial(_after_norm, statistics))
    written = written_arguments(function)
    if written:
        return Rule(name, _after_writing, partial(_before_writing, written))
    return None
