"""What severs a value: which kind of cut a call is, and what is written on the tape of it."""

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gradviz.causes import Severed, installed
from gradviz.causes.packages import recognised
from gradviz.graph import GRAD_MODES, CutKind
from gradviz.recording import torch_inside
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.entries.records import Call, Inputs
from gradviz.recording.reading.named_calls import CASTS, KIND_OF, operation_text
from gradviz.recording.reading.switches import Switch
from gradviz.recording.reading.where import Spot, Surroundings
from gradviz.recording.recorder import Recorder


def write_down(
    recorder: Recorder,
    name: str,
    kind: CutKind | None,
    inputs: Inputs,
    stack: Surroundings,
    out: Tensor | None,
) -> int:
    """Write a call on the tape that autograd did not record. Returns its number.

    Args:
        recorder: Of the thread.
        name: Of the function.
        kind: What severs; None where nothing does and the value was severed before.
        inputs: What went in.
        stack: What the stack says.
        out: The tensor that the call made; None where it made none.
    """
    tape, block = recorder.tape, block_of(recorder)
    within = None if recorder.switch_inside is None else recorder.switch_inside.like
    like = (name, kind, stack, within, block.like if isinstance(block, Switch) else block)
    serial = tape.repeated(like, inputs) if stack.lasting else 0
    if not serial:
        serial = tape.call(_call(recorder, name, kind, inputs, stack, block))
        if stack.lasting:
            tape.may_repeat(serial, like)
    if out is not None:
        tape.set_origin(out, serial)
    return serial


class _Severing(NamedTuple):
    """What severs, seen from where the user's own graph is made.

    Attributes:
        kind: What severs there; None where nothing does.
        inner: What severs as a reentrant checkpoint runs its forward again.
        library: Torch's own code decided to sever, not the user's.
        spot: The line.
    """

    kind: CutKind | None
    inner: CutKind | None
    library: bool
    spot: Spot


def _call(
    recorder: Recorder,
    name: str,
    kind: CutKind | None,
    inputs: Inputs,
    stack: Surroundings,
    block: Hashable,
) -> Call:
    severing = _severing(recorder, kind, inputs, stack)
    inner = severing.inner
    return Call(
        name,
        severing.kind,
        _operation(name, severing, stack),
        inputs,
        severing.spot,
        inside=stack.applied,
        inner=inner,
        checkpoint=stack.checkpoint,
        library=severing.library,
        switch=block if inner not in GRAD_MODES else recorder.switch_inside,
        maker=stack.copier,
    )


def _operation(name: str, severing: _Severing, stack: Surroundings) -> str:
    """Return an operation as a package of the user's writes it that recognises it, else as a person
    would.
    """
    kind, code = severing.inner or severing.kind, severing.spot.code
    if kind is not None and code is not None and installed():
        own = recognised(
            Severed(call=name, kind=kind, file=code.co_filename, function=code.co_qualname)
        )
        if own:
            return own
    return operation_text(name, kind, stack)


def _severing(
    recorder: Recorder, kind: CutKind | None, inputs: Inputs, stack: Surroundings
) -> _Severing:
    """Say what severs of a call that may stand inside a custom Function."""
    if not outer_switch(recorder):
        runs_again = stack.innermost and kind is not None
        if runs_again and (kind not in GRAD_MODES or recorder.switch_inside is not None):
            return _Severing(None, kind, False, stack.spot)
        if stack.applying is not None:
            return _of_function(inputs, stack, stack.applying)
    library = kind is not None and library_decided(recorder, kind, stack)
    return _Severing(kind, None, library, stack.spot)


def _of_function(inputs: Inputs, stack: Surroundings, applying: Spot) -> _Severing:
    """Return how a custom Function severs: whatever its forward does, it alone passes gradient or
    not.
    """
    severs = CutKind.CHECKPOINT if stack.checkpoint else CutKind.CUSTOM_FUNCTION
    spot = applying._replace(module=stack.spot.module)
    opaque = stack.opaque or any(live for _, live in inputs)
    return _Severing(severs if opaque else None, None, False, spot)


def kind_of(
    recorder: Recorder,
    name: str,
    out: Tensor,
    inputs: Inputs,
    stack: Surroundings,
    given: Iterable[Any],
) -> CutKind | None:
    """Say what severs, where something does.

    By the function, by the type of the result, by the grad mode.
    """
    kind = KIND_OF.get(name)
    if stack.deepcopy:
        return CutKind.DEEPCOPY
    if stack.state_dict:
        return CutKind.DETACH
    if kind is CutKind.DETACH and _by_a_derivative(stack):
        return CutKind.GRAD_WITHOUT_GRAPH
    if kind is not None:
        return kind
    if not (out.dtype.is_floating_point or out.dtype.is_complex):
        if not any(item.dtype.is_floating_point for item in tensors_in(given)):
            return None
        return CutKind.INTEGER_CAST if name in CASTS else CutKind.NON_DIFFERENTIABLE
    if not torch.is_grad_enabled() or recorder.switch_around is not None:
        line = stack.torch_line
        sampled = line is not None and line.co_name == torch_inside.SAMPLE
        return CutKind.NON_DIFFERENTIABLE if sampled else _mode_kind(recorder)
    if any(live for _, live in inputs):
        return CutKind.NON_DIFFERENTIABLE
    return None


def kind_without_graph(recorder: Recorder, *, is_pullback: bool) -> CutKind:
    """Say what severs where a derivative is taken without a history.

    What ``torch.func.vjp`` gave for it leaves that out where grad mode is off.
    """
    is_off = not torch.is_grad_enabled() or recorder.switch_around is not None
    if is_pullback and is_off:
        return _mode_kind(recorder)
    return CutKind.GRAD_WITHOUT_GRAPH


def _by_a_derivative(stack: Surroundings) -> bool:
    """Say whether ``torch.autograd.functional`` itself makes a call."""
    line = stack.torch_line
    return line is not None and line.co_filename == torch_inside.FUNCTIONAL


def _mode_kind(recorder: Recorder) -> CutKind:
    switch = _switch(recorder)
    if torch.is_inference_mode_enabled() or switch in recorder.inference_blocks:
        return CutKind.INFERENCE_MODE
    by_function = switch is not None and switch.set_by_function
    return CutKind.SET_GRAD_ENABLED if by_function else CutKind.NO_GRAD


def block_of(recorder: Recorder) -> Hashable:
    """Return what stands for the block in which grad mode is off; None where it is on."""
    if torch.is_inference_mode_enabled():
        return recorder.inference_blocks[-1] if recorder.inference_blocks else "before the trace"
    switch = _switch(recorder)
    return switch if switch or torch.is_grad_enabled() else "before the trace"


def _switch(recorder: Recorder) -> Switch | None:
    """Return the block in which plain tensors lose their history."""
    return recorder.switch or recorder.switch_around


def hands_on(recorder: Recorder, name: str, args: Any) -> bool:
    """Say whether a custom Function's ``apply`` makes a call itself.

    Torch views what a forward returns as it went in.
    """
    # Grad mode is off there, and nobody switched it off.
    views_itself = name == "view_as" and len(args) == 2 and args[0] is args[1]
    return (
        views_itself
        and not torch.is_grad_enabled()
        and recorder.switch is None
        and recorder.grad_at_start
    )


def outer_switch(recorder: Recorder) -> bool:
    """Say whether grad mode was off already where the custom Function was applied."""
    return not recorder.grad_at_start or (
        recorder.switch is not None and not recorder.switch.inside_function
    )


def library_decided(recorder: Recorder, kind: CutKind, stack: Surroundings) -> bool:
    """Say whether torch's own code decided to sever, not the user's."""
    if kind in (CutKind.NO_GRAD, CutKind.SET_GRAD_ENABLED, CutKind.COPY_UNDER_NO_GRAD):
        switch = _switch(recorder)
        return switch is not None and switch.library
    return stack.torch_line is not None
