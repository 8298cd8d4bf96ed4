"""What is noted of a call's results: the nodes that it made, and what it made without any."""

from collections.abc import Sequence
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording import torch_inside
from gradviz.recording.calls import transforms
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.chains import without_others
from gradviz.recording.calls.familiar import may_be_told_again
from gradviz.recording.calls.inputs import came_back, dead_sources, inputs_of
from gradviz.recording.calls.joined import Part
from gradviz.recording.calls.joints import keep, shown
from gradviz.recording.calls.memory import written
from gradviz.recording.calls.moved import keeps
from gradviz.recording.calls.relocated import parts_with_a_place
from gradviz.recording.calls.rule import Function, TorchCall
from gradviz.recording.calls.severing import hands_on, kind_of, write_down
from gradviz.recording.calls.upkeep import is_upkeep
from gradviz.recording.entries.places import Places
from gradviz.recording.entries.records import Exit, Stamp
from gradviz.recording.outside import exits
from gradviz.recording.reading import where
from gradviz.recording.reading.named_calls import COMPARISONS, KIND_OF
from gradviz.recording.reading.where import Spot, Surroundings
from gradviz.recording.recorder import Recorder
from gradviz.recording.tensor_state import address, base_of, is_with_itself
from gradviz.recording.torch_inside import sequence_number

# Calls whose results are as long as the values decide
_SIZED_BY_VALUES = frozenset("nonzero argwhere unique unique_consecutive masked_select".split())
_SETS = frozenset(("unique", "unique_consecutive"))
_MASKS = (torch.bool, torch.uint8)


def is_another(recorder: Recorder, out: Tensor, args: Any, kwargs: Any) -> None:
    """Forget what stood where a new tensor stands now.

    What a call hands back as it went in is not new.
    """
    if not any(out is item for item in tensors_in((*args, *kwargs.values()))):
        recorder.tape.tensors.made(out)


def stamp_nodes(call: TorchCall, outs: tuple[Tensor, ...], *, in_place: bool = False) -> None:
    """Take note of where the nodes of some results were made, and of what went into them without a
    gradient edge.
    """
    recorder, function, args, kwargs, _, _, frame = call
    tape = recorder.tape
    tape.lines.begin()
    sources: list[int] = []
    # What was written into memory that a view shows is found by whoever reads the view.
    own = address(outs[0]) if tape.memory and not in_place else 0
    dead_sources(recorder, args, sources, function, own)
    if kwargs:
        dead_sources(recorder, kwargs.values(), sources, None, own)
    if recorder.escapes.any:
        sources.extend(came_back(recorder, (*args, *kwargs.values()), frame))
    if sources:
        _may_decide(recorder, function.name, args, sources)
    if function.name in _SETS:
        inputs = inputs_of(recorder, args[:1], {})
        stack = recorder.stacks.look_around(frame)
        kind = CutKind.NON_DIFFERENTIABLE
        tape.left(write_down(recorder, function.name, kind, inputs, stack, None), Exit.NUMBER)
    last = sequence_number()
    if last == recorder.first_node and torch_inside.NUMBERED:
        return  # what comes out is what went in
    code, lasti, caller, caller_lasti, module = where.quick(frame)
    spot = (code, lasti, caller, caller_lasti, -1 if module is None else tape.module(module))
    recorder.note_nodes(args, kwargs, outs, last, spot)
    if sources or not torch_inside.NUMBERED:
        for out in outs:
            for node in dict.fromkeys(
                (out.grad_fn, base_of(out).grad_fn if in_place else out.grad_fn)
            ):
                # Else it went in, and comes out as it was
                if node is not None and torch_inside.node_number(node) >= recorder.first_node:
                    stamp = tape.stamp(node, Spot._make(spot), tuple(sources))
                    if sources:
                        mark_factors(
                            recorder, stamp, transforms.factors(function.name, args, kwargs)
                        )


def made(call: TorchCall, outs: tuple[Tensor, ...], *, several: bool = False) -> None:
    """Take note of tensors that a call made without recording a gradient edge."""
    recorder, function, args, kwargs, _, _, frame = call
    came_in = set(map(id, args))
    if not came_in.isdisjoint(map(id, outs)):
        outs = tuple(out for out in outs if id(out) not in came_in)
        if not outs:
            return
    if function.skip_first:
        args = args[1:]
    if function.plain or _says_nothing(function.name, args):
        return
    # Writes to a view's memory are found when the view is read, and are skipped for it;
    # detach() and .data do cut them.
    view = None if function.name in ("detach", "data") else outs[0]
    given_by = _by_whom(frame, outs[0])
    inputs = inputs_of(recorder, args, kwargs, function, out=view, frame=given_by)
    if not inputs:
        _made_of_nothing(recorder, function, args, outs)
        return
    if where.is_optimizer(frame.f_code.co_filename):
        keeps(recorder.tape, outs, inputs)
        return
    inputs = without_others(recorder.tape, args, inputs)
    parts = _parts(recorder, function.name, args, kwargs, outs[0], inputs, frame)
    if parts is not None:
        write_parts_down(recorder, function.name, parts, outs[0], args, frame)
        return
    stack: Surroundings | None = None
    for out in outs:
        # Of a result that is a view of one of the inputs, only that input matters
        # (broadcast_tensors, meshgrid ...).
        viewed = (
            [item for item in tensors_in(args) if address(item) == address(out)] if several else []
        )
        mine = inputs_of(recorder, viewed, {}) if viewed else inputs
        mine, joints = shown(recorder, args, out, mine)
        if not mine:
            continue
        if stack is None:
            stack = recorder.stacks.look_around(
                frame, in_apply=hands_on(recorder, function.name, args)
            )
            shows = _shows_a_parameter(stack, out, args)
            if not shows and is_upkeep(recorder, function.name, mine, stack):
                return
            if stack.checkpoint:
                recorder.tape.hold(tensors_in((*args, *kwargs.values())))
        kind = kind_of(recorder, function.name, out, mine, stack, viewed or args)
        serial = write_down(recorder, function.name, kind, mine, stack, out)
        keep(recorder, serial, joints)
        _may_decide(recorder, function.name, args, (serial,))
        may_be_told_again(call, mine, stack, serial)


def _parts(recorder: Recorder, *call: Any) -> Sequence[Part] | None:
    """Return what ``parts_with_a_place`` does; None inside a transform, where a view of a plain
    tensor shows no memory.
    """
    parts = parts_with_a_place(recorder, *call)
    is_shown = all(isinstance(part, Places) or address(part) for part, _ in parts or ())
    return parts if is_shown else None


def _by_whom(frame: FrameType, out: Tensor) -> FrameType | None:
    """Return who may have put plain numbers into a tensor; nobody where it has no elements."""
    return frame if out.numel() else None


def _may_decide(recorder: Recorder, name: str, args: Any, serials: Sequence[int]) -> None:
    """Take note that Python may go on with the length alone of what a call gave of some values."""
    if _is_sized_by_values(name, args):
        for serial in serials:
            recorder.tape.left(serial, Exit.NUMBER)


def _is_sized_by_values(name: str, args: Any) -> bool:
    """Say whether a call gives more or fewer elements by the values that it was given."""
    if name == "where":
        return len(args) == 1
    if name == "__getitem__":
        index = args[1] if isinstance(args[1], tuple) else (args[1],)
        return any(isinstance(item, Tensor) and item.dtype in _MASKS for item in index)
    return name in _SIZED_BY_VALUES


def _says_nothing(name: str, args: Any) -> bool:
    """Say whether what a call gives does not depend on the values that it was given."""
    return name in COMPARISONS and is_with_itself(args)


def _made_of_nothing(
    recorder: Recorder, function: Function, args: Any, outs: tuple[Tensor, ...]
) -> None:
    """Take note of tensors into which nothing of interest went."""
    for out in outs:
        recorder.kinships.made(out)
    if function.name in ("detach", "data"):
        recorder.tape.set_alias(outs[0], KIND_OF[function.name])
    elif function.name not in exits.FROM_OUTSIDE and (
        recorder.escapes.any or next(tensors_in(args), None) is None
    ):
        for out in outs:  # torch's own, and no bearer of what left
            recorder.met.is_new(out)


def write_parts_down(
    recorder: Recorder, name: str, parts: Sequence[Part], out: Tensor, args: Any, frame: FrameType
) -> None:
    """Take note of a tensor that was put together: each part is written into the memory."""
    recorder.met.is_new(out)  # what is in it is known from here on
    stack = recorder.stacks.look_around(frame, in_apply=hands_on(recorder, name, args))
    if is_upkeep(recorder, name, tuple(item for _, inputs in parts for item in inputs), stack):
        return
    for part, inputs in parts:
        view, places = (part, None) if isinstance(part, Tensor) else (out, part)
        kind = kind_of(recorder, name, view, inputs, stack, args)
        serial = write_down(recorder, name, kind, inputs, stack, None)
        written(recorder.tape, view, serial, None, over=False, places=places)


def _shows_a_parameter(stack: Surroundings, out: Tensor, args: Any) -> bool:
    """Say whether a module that is being made takes a view, which shows what its parameter becomes.

    A copy does not.
    """
    shares = any(address(item) == address(out) for item in tensors_in(args))
    return stack.maker is not None and not stack.optimizer and shares


def mark_factors(recorder: Recorder, stamp: Stamp, factors: tuple[Any, ...]) -> None:
    """Note which of the values that went in without a gradient edge a derivative depends on."""
    numbers: list[int] = []
    dead_sources(recorder, transforms.plain(factors), numbers, None)
    stamp.factors += tuple(
        source for source in dict.fromkeys(numbers) if source not in stamp.factors
    )
