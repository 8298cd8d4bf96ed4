"""What goes into a call: which values of interest, and whether they required grad."""

from collections.abc import Iterable
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gradviz.recording.calls.arguments import as_array
from gradviz.recording.calls.memory import writes
from gradviz.recording.calls.overwritten import array_overwritten
from gradviz.recording.calls.rule import Function
from gradviz.recording.calls.told import elements_in, reckoned_from, sources_behind
from gradviz.recording.entries.identity import Facts
from gradviz.recording.entries.records import Inputs
from gradviz.recording.outside.alike import is_index, of_interest
from gradviz.recording.outside.fingerprints import is_short
from gradviz.recording.reading.where import is_optimizer
from gradviz.recording.recorder import Recorder
from gradviz.recording.tensor_state import accumulates, address, history
from gradviz.recording.torch_inside import sharded

PLAIN = frozenset(
    (
        int,
        float,
        complex,
        str,
        bool,
        type(None),
        torch.dtype,
        torch.device,
        torch.Size,
        torch.layout,
        torch.memory_format,
    )
)


def came_back(recorder: Recorder, items: Iterable[Any], frame: FrameType) -> tuple[int, ...]:
    """Return what left torch and is in plain arguments, or in tensors that nobody saw being
    made.
    """
    escapes = recorder.escapes
    numbers = dict.fromkeys(escapes.choices(frame))
    gone: set[int] = set()
    open_: list[Any] = []
    indices: list[Any] = []
    for item in items:
        if isinstance(item, Tensor):
            if item.is_leaf and _is_stranger(recorder, item):
                serial = recorder.exposed.given_out(item)
                if serial:
                    numbers[serial] = None
                    _keep(recorder, item, (serial,))
                else:
                    open_.append(item)
        elif of_interest(item):
            sources, whole = _same(recorder, item, frame, gone)
            numbers.update(dict.fromkeys(sources))
            if not whole:
                open_.append(item)
        elif is_index(item):
            indices.append(item)
    if open_ or indices:
        came_in = open_
        behind, open_ = sources_behind(recorder, open_, indices, frame, gone)
        numbers.update(dict.fromkeys(behind))
        if len(came_in) == 1 and not indices:
            _keep(recorder, came_in[0], behind)
        for item in open_ if not behind else filter(_is_number, open_):
            is_tensor = isinstance(item, Tensor)
            plain = as_array(item, waits=escapes.as_memory) if is_tensor else item
            sources = _by_value(recorder, plain, frame, behind)
            if not any(_left_as(recorder, number, plain) for number in behind if sources):
                numbers.update(dict.fromkeys(sources))
                _keep(recorder, item, sources)
            if sources:
                continue  # and what is known to be behind may not be all
            if not (is_short(plain) or is_optimizer(frame.f_code.co_filename)):
                recorder.came_in(
                    is_data=isinstance(item, (Tensor, np.ndarray))
                )  # what an optimizer reckons is no part of a loss
    return tuple(numbers)


def _same(
    recorder: Recorder, item: Any, frame: FrameType, gone: set[int]
) -> tuple[tuple[int, ...], bool]:
    """Return what ``Escapes.same`` does, but for memory that was written all over, whose call goes
    to those of which nothing is left.
    """
    overwritten = array_overwritten(recorder, item, frame) if type(item) is np.ndarray else 0
    if overwritten:
        gone.add(overwritten)
        return (), False
    sources, whole = recorder.escapes.same(item)
    return elements_in(recorder, sources, item), whole


def _by_value(
    recorder: Recorder, plain: Any, frame: FrameType, behind: tuple[int, ...]
) -> tuple[int, ...]:
    """Return what the numbers of an argument tell of where it came from."""
    sources = recorder.escapes.values.sources(plain)
    return sources if sources or behind else reckoned_from(recorder, plain, frame)


def _keep(recorder: Recorder, item: Any, serials: tuple[int, ...]) -> None:
    """Take note of where a tensor came from that nobody saw being made, for its next use."""
    if serials and isinstance(item, Tensor) and not item.requires_grad:
        number = serials[0] if len(serials) == 1 else recorder.escapes.bundle(serials)
        recorder.tape.set_origin(item, number)


def _left_as(recorder: Recorder, serial: int, number: float) -> bool:
    """Say whether what left as one of several that go one way through Python code was a number."""
    call = recorder.tape.calls[serial]
    serials = (
        (serial, *(source for source, _ in call.inputs)) if call.name == "python" else (serial,)
    )
    return recorder.escapes.left_as(number, serials)


def _is_number(item: Any) -> bool:
    return type(item) is float


def _is_stranger(recorder: Recorder, tensor: Tensor) -> bool:
    """Say whether a tensor is met for the first time and nothing is known of it."""
    if _is_parameter(tensor) or recorder.tape.origin(tensor) is not None:
        return False
    return recorder.met.is_new(tensor)


def _is_parameter(tensor: Tensor) -> bool:
    """Say what ``isinstance`` says; it runs Python code for this class, which is rarely needed."""
    kind = type(tensor)
    return kind is nn.Parameter or (kind is not Tensor and isinstance(tensor, nn.Parameter))


def dead_sources(
    recorder: Recorder,
    items: Iterable[Any],
    sources: list[int],
    function: Function | None,
    own: int = 0,
) -> None:
    """Collect what goes into a recorded call without a gradient edge."""
    tape = recorder.tape
    interesting, memory = tape.tensors.by_key, tape.memory
    for position, item in enumerate(items):
        kind: Any = type(item)
        if kind is Tensor:
            pass
        elif kind is nn.Parameter:
            tape.lines.read(item)
        elif kind in PLAIN:
            continue
        elif isinstance(item, Tensor):
            item = _bearer(item)
        else:
            dead_sources(recorder, _contents(item), sources, None, own)
            continue
        if function is not None and function.shape_only and position:
            continue
        dead = _dead_origin(recorder, item) if id(item) in interesting else ()
        if dead:
            sources.extend(dead)
        elif kind is Tensor and not item.requires_grad and (kin := recorder.kinships.of(item)):
            sources.append(kin)
        if not item.requires_grad and isinstance(item, nn.Parameter):
            sources.append(tape.leaf(item))
        if memory and address(item) != own:
            sources.extend(writes(tape, item))


def _dead_origin(recorder: Recorder, tensor: Tensor) -> tuple[int, ...]:
    """Return the number of what a tensor carries without a gradient edge; nothing of another."""
    origin = recorder.tape.origin(tensor)
    if origin is None:
        return ()
    node = history(tensor) if tensor.requires_grad else None
    if node is not None:
        # Detached, then written into: it has a history again, but not all of it
        return () if is_returned_by_function(recorder, node, origin) else (origin,)
    if tensor.requires_grad and accumulates(tensor):
        recorder.tape.leaf(tensor)
        return ()
    return (origin,)


def _bearer(tensor: Tensor) -> Tensor:
    """Return the tensor that bears what is known of one: of one without a gradient that wraps
    another, that.
    """
    if tensor.requires_grad or isinstance(tensor, nn.Parameter):
        return tensor
    return sharded.inner(tensor)


def is_returned_by_function(recorder: Recorder, node: Any, origin: int) -> bool:
    """A custom Function's result carries what was computed inside its forward.

    Say whether this is one.
    """
    call = recorder.tape.calls.get(origin)
    if (
        call is None
        or call.inside is None
        or not isinstance(node, torch.autograd.function.BackwardCFunction)
    ):
        return False
    if recorder.tape.stamp_of(node) is None:
        recorder.tape.stamp(node, call.spot, (origin,))
    return True


def inputs_of(
    recorder: Recorder,
    args: Any,
    kwargs: Any,
    function: Function | None = None,
    *,
    out: Tensor | None = None,
    frame: FrameType | None = None,
) -> Inputs:
    """Return the number of every value of interest that went in, and whether it required grad.

    Args:
        args, kwargs: Of the call.
        function: The function that was called.
        out: The result, where it may be a view: what it shares memory with is numbers by whoever
            reads it.
        frame: Where the call stands, to follow plain numbers through Python code.
    """
    numbers: dict[int, bool] = {}
    own = address(out) if out is not None else 0
    _gather(recorder, args, numbers, function, own)
    if kwargs:
        _gather(
            recorder, (value for name, value in kwargs.items() if name != "out"), numbers, None, own
        )
    if frame is not None and recorder.escapes.any:
        for source in came_back(recorder, (*args, *kwargs.values()), frame):
            numbers.setdefault(source, False)
    return tuple(numbers.items())


def _gather(
    recorder: Recorder,
    items: Iterable[Any],
    numbers: dict[int, bool],
    function: Function | None,
    own: int = 0,
) -> None:
    tape = recorder.tape
    tensors, memory = tape.tensors, tape.memory
    for position, item in enumerate(items):
        kind = type(item)
        if kind in PLAIN:
            continue
        if isinstance(item, Tensor):
            if function is not None and function.shape_only and position:
                continue
            if kind is not Tensor and kind is not nn.Parameter:
                item = _bearer(item)
            facts = tensors.find(item) if id(item) in tensors.by_key else None
            if item.requires_grad:
                node = history(item)
                if node is None and facts is not None and facts.origin and not accumulates(item):
                    numbers.setdefault(facts.origin, False)
                elif node is None:
                    numbers[tape.leaf_of(facts, item)] = True
                else:
                    if (
                        facts is not None
                        and facts.origin
                        and not is_returned_by_function(recorder, node, facts.origin)
                    ):
                        numbers.setdefault(facts.origin, False)
                    numbers[tape.walk(node)] = True
            elif dead := _dead_number(recorder, item, facts, own):
                numbers.setdefault(dead, False)
            if memory and (place := address(item)) in memory and place != own:
                for write in writes(tape, item):
                    numbers.setdefault(write, False)
        elif kind is np.ndarray:
            if recorder.escapes.arrays.of_memory(item) is None:
                numbers.update(recorder.kinships.of_array(item))
        else:
            _gather(recorder, _contents(item), numbers, None, own)


def _dead_number(recorder: Recorder, item: Tensor, facts: Facts | None, own: int) -> int:
    """Return the number of a tensor without gradient: of what made it, of a parameter, or of what
    lies in a parameter's memory; 0 for one of no interest.
    """
    if facts is not None and facts.origin:
        return facts.origin
    if _is_parameter(item):
        return recorder.tape.leaf(item)
    if type(item) is not Tensor:
        return 0
    if own and address(item) == own:
        recorder.kinships.made(item, views=1)
        return 0
    return recorder.kinships.of(item)


def _contents(item: Any) -> Iterable[Any]:
    """Return what a container or a slice holds; nothing of another value.

    No method of a class of the user's is asked, such as a named tuple's.
    """
    kind = type(item)
    if kind is list or kind is tuple:
        return item  # type: ignore[no-any-return]
    if kind is dict:
        return item.values()  # type: ignore[no-any-return]
    if kind is slice:
        return item.start, item.stop, item.step
    if isinstance(item, tuple):
        return tuple.__iter__(item)
    if isinstance(item, list):
        return list.__iter__(item)
    return dict.values(item) if isinstance(item, dict) else ()
