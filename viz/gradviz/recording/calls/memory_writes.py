"""Writes into the memory of a tensor, and whether they sever what was written."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gradviz.graph import CutKind
from gradviz.recording.calls.ancestry import is_made_of
from gradviz.recording.calls.arguments import part_at
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.memory import is_written, overwritten, replaced, writes, written
from gradviz.recording.calls.moved import trained
from gradviz.recording.calls.noting import stamp_nodes
from gradviz.recording.calls.relocated import filled
from gradviz.recording.calls.rule import TorchCall
from gradviz.recording.calls.severing import outer_switch, write_down
from gradviz.recording.calls.upkeep import is_upkeep
from gradviz.recording.entries.places import Places
from gradviz.recording.entries.records import Call, Inputs
from gradviz.recording.reading.named_calls import FILLS, OUT, operation_text
from gradviz.recording.reading.where import Surroundings
from gradviz.recording.recorder import Recorder
from gradviz.recording.tensor_state import address, base_of, history, is_recorded, region
from gradviz.recording.torch_inside import FOREACH


def wrote(call: TorchCall, target: Tensor, was_live: bool) -> None:
    """Take note of a write into a tensor.

    Args:
        call: What wrote, and the arguments that it was given beside the target.
        target: What was written into.
        was_live: It had a history before.
    """
    recorder, function, others = call.recorder, call.function, call.args
    if recorder.exposed.windows:
        recorder.exposed.wrote(target)
    over = (
        function.name.removeprefix(FOREACH) in FILLS
        or function.name == "__setitem__"
        or function.name.endswith(OUT)
    )
    indexed = part_at(target, others[0]) if function.name == "__setitem__" else target
    by_index = (
        None
        if indexed is not None and indexed is not target
        else filled(function.name, target, others, call.kwargs)
    )
    write = _Written(
        target=target,
        part=target if indexed is None else indexed,
        over=over and indexed is not None if by_index is None else by_index.over,
        places=None if by_index is None else by_index.places,
    )
    if torch.is_grad_enabled() and is_recorded(target):
        _with_history(call, write, was_live)
    else:
        _without_history(call, write)


class _Written(NamedTuple):
    """A tensor that was written into.

    Attributes:
        target: The tensor.
        part: What of it was written, as a view; all of it where that cannot be told.
        over: Nothing of what was in the part before is left.
        places: The bytes of it that an index names; None where it is all of the part.
    """

    target: Tensor
    part: Tensor
    over: bool
    places: Places | None = None

    @property
    def replaces_all(self) -> bool:
        """Nothing of what was in the tensor before is left."""
        return self.over and self.places is None and self.part.shape == self.target.shape


def _with_history(call: TorchCall, write: _Written, was_live: bool) -> None:
    """Autograd has recorded the write; whoever shares the memory may know nothing of it."""
    recorder, name = call.recorder, call.function.name
    tape, target = recorder.tape, write.target
    alias = alias_kind(recorder, target)
    # What was written into the target's memory before is found there by whoever reads it.
    stamp_nodes(call, (target,), in_place=True)
    base = base_of(target)
    if not was_live or address(target) in tape.memory:
        stack = recorder.stacks.look_around(call.frame)
        through = alias or CutKind.DATA
        text = operation_text(through.value, through, stack)
        inputs = ((tape.walk(target.grad_fn), True),)
        serial = tape.call(Call(name, through, text, inputs, stack.spot))
        written(tape, write.part, serial, base, over=False, places=write.places)
    if write.replaces_all:
        tape.drop_origin(target)


def _without_history(call: TorchCall, write: _Written) -> None:
    recorder, function, others, kwargs, _, _, frame = call
    tape, target = recorder.tape, write.target
    beside = {name: value for name, value in kwargs.items() if value is not target}
    given = inputs_of(recorder, others, beside, frame=frame)
    inputs = foreign(recorder, given, target)
    if not inputs:
        if write.over and not _is_among(write.part, others):
            overwritten(tape, write.part, write.places)
            for number, _ in given:  # from another place in the same memory
                written(tape, write.part, number, None, over=False, places=write.places)
            if write.replaces_all:
                replaced(tape, target)
        return
    stack = recorder.stacks.look_around(frame)
    if is_upkeep(recorder, function.name, inputs, stack):
        return
    kind = _kind_of_write(recorder, target, inputs, stack)
    serial = write_down(recorder, function.name, kind, inputs, stack, None)
    trained(tape, target, serial, inputs)
    if write.replaces_all:
        replaced(tape, target)
    written(tape, write.part, serial, None, over=write.over, places=write.places)


def _is_among(part: Tensor, values: Any) -> bool:
    """Say whether the very memory that is written is among what is written into it, as after
    ``rows[0] += x``, which Python writes back.
    """
    return any(
        isinstance(value, Tensor)
        and address(value) == address(part) != 0
        and region(value) == region(part)
        and value.stride() == part.stride()
        for value in values
    )


def _kind_of_write(
    recorder: Recorder, target: Tensor, inputs: Inputs, stack: Surroundings
) -> CutKind | None:
    """Say what severs what was written, where something does."""
    if stack.applying is not None and not outer_switch(recorder):
        return CutKind.NO_GRAD
    live = any(live for _, live in inputs)
    if not (target.dtype.is_floating_point or target.dtype.is_complex):
        return CutKind.INTEGER_CAST if live else None
    if not torch.is_grad_enabled():
        return CutKind.COPY_UNDER_NO_GRAD
    return alias_kind(recorder, target) or (CutKind.NON_DIFFERENTIABLE if live else None)


def foreign(recorder: Recorder, inputs: Inputs, target: Tensor) -> Inputs:
    """Return inputs without what a tensor is made of already.

    Writing it into itself, also converted or scaled, severs nothing.
    """
    tape = recorder.tape
    is_leaf = (target.requires_grad and history(target) is None) or isinstance(target, nn.Parameter)
    origin = tape.origin(target)
    own = set() if origin is None else {origin}
    if not is_leaf:
        return tuple(
            (number, live)
            for number, live in inputs
            if number not in own and not is_written(tape, target, number)
        )
    own |= {tape.leaf(target), *writes(tape, target)}
    return tuple((number, live) for number, live in inputs if not is_made_of(tape, number, own))


def alias_kind(recorder: Recorder, target: Tensor) -> CutKind | None:
    """Say what took a tensor out of the graph whose memory it may share."""
    origin = recorder.tape.origin(target)
    kind = recorder.tape.calls[origin].kind if origin is not None else recorder.tape.alias(target)
    return kind if kind in (CutKind.DETACH, CutKind.DATA, CutKind.NEW_TENSOR) else None
