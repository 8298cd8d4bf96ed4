"""The notes of a report: what a reader has to know besides the verdicts, a sentence for each."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from gradviz.causes.raised import NO_GRAD
from gradviz.facts.training import THAWS_NOTHING
from gradviz.graph import NotFinite, Parameter, Place, Verdict
from gradviz.judging.analysis import Judgement, ParameterSeen
from gradviz.judging.gradient_hooks import TENSOR_HOOK
from gradviz.judging.measured import Measured
from gradviz.judging.model_names import Model, Names
from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.births import HALF
from gradviz.recording.tape import Tape
from gradviz.system.grouped import grouped

_MOST_NAMES = 4
_SCALED = (
    "If it goes on when GradScaler's update() has made the scale smaller, compute this in float32."
)


def notes_of_losses(
    losses: Mapping[str, Any],
    parameters: tuple[Parameter, ...],
    model: Model | None,
    names: Names,
) -> Iterator[str]:
    """Say what is wrong with a loss or a model as it was given."""
    for name, loss in losses.items():
        if not isinstance(loss, Tensor) or isinstance(loss, nn.Parameter):
            by_hand = False
        else:
            by_hand = loss.requires_grad and loss.grad_fn is None
        if by_hand:
            yield (
                f"{name} requires grad, but it is a leaf: requires_grad=True was set by hand, no"
                " parameter is behind it, and backward() will succeed without training anything."
            )
        elif isinstance(loss, Tensor) and not loss.requires_grad:
            yield f"{name} {NO_GRAD} 'element 0 of tensors does not require grad'."
    yield from _notes_of_switches(names, parameters)
    if model is not None and not parameters:
        yield "The model has no parameters."
    elif parameters and all(parameter.verdict is Verdict.UNUSED for parameter in parameters):
        yield "None of the model's parameters went into this loss: is it the right model?"


def _notes_of_switches(names: Names, parameters: tuple[Parameter, ...]) -> Iterator[str]:
    """Say of modules with an attribute ``requires_grad`` what it does not do, and what the call
    that does it reaches.
    """
    frozen = [own.names for own in parameters if own.verdict is Verdict.FROZEN]
    free = [own.names for own in parameters if own.verdict is not Verdict.FROZEN]
    for path in names.switched_off:
        if not (count := _how_many_in(path, free)):
            continue
        back = [inner for inner in names.switched_on if _is_in(inner, path)]
        yield (
            f"{path}.requires_grad = False sets an attribute of the module and freezes nothing;"
            f" {path}.requires_grad_(False) freezes {_all_of(count)} in it that still"
            f" {'requires' if count == 1 else 'require'} grad"
            + "".join(f", {inner} too until {inner}.requires_grad_(True)" for inner in back)
            + "."
        )
    for path in names.switched_on:
        if count := _how_many_in(path, frozen):
            yield (
                f"{path}.requires_grad = True {THAWS_NOTHING};"
                f" {path}.requires_grad_(True) thaws {_all_of(count)} in it that"
                f" {'is' if count == 1 else 'are'} frozen."
            )


def _is_in(path: str, outer: str) -> bool:
    return path != outer and (outer == "model" or path.startswith(f"{outer}."))


def _how_many_in(path: str, parameters: Iterable[Sequence[str]]) -> int:
    return sum(any(_is_in(name, path) for name in names) for names in parameters)


def _all_of(count: int) -> str:
    return "the parameter" if count == 1 else f"all {count} parameters"


def notes_of_tape(tape: Tape, *, compiled: bool, made: bool, older: bool) -> Iterator[str]:
    """Say what the trace could not see.

    Args:
        tape: What it saw.
        compiled: The model is compiled.
        made: The trace has seen something go into a loss.
        older: Something in a loss was computed before the trace.
    """
    if compiled:
        yield (
            "The model is compiled; it was traced eagerly, through"
            " torch.compiler.set_stance('force_eager')."
        )
    elif tape.compiled:
        yield (
            "torch.compile was called; what it compiles was traced eagerly, through"
            " torch.compiler.set_stance('force_eager')."
        )
    for spot in (spot for spot, leaves in tape.opaque.items() if leaves is None):
        yield (
            f"What runs inside the script called at {spot.place} cannot be read: what it cuts is"
            " not seen."
        )
    if older:
        yield (
            "Part of this loss was computed outside the trace: what was cut there is not known,"
            " and is called unused."
        )
    elif tape.began is not None and not made:
        yield (
            "The trace has seen none of this loss: it was computed outside, or of nothing that can"
            " train."
        )


def notes_of_gradients(
    judged: Judgement, observed: Sequence[ParameterSeen], brought: Measured
) -> Iterator[str]:
    """Say what a backward brought that spoils the next step, or will not bring at all."""
    yield from _frozen_late(judged, observed)
    yield from _left_out(observed, brought)
    births = [_birth(birth, scaled=brought.scaled) for birth in brought.births]
    yield from _not_finite(judged.parameters, births[0] if births else "", scaled=brought.scaled)
    yield from births[1:]
    if (brought.zeros or brought.births) and not torch_inside.READS_SAVED:
        yield (
            "This torch does not let the values of operations be read: the reason given for zeros,"
            " NaN or infinity is the usual one, and was not checked."
        )


def _frozen_late(judged: Judgement, observed: Sequence[ParameterSeen]) -> Iterator[str]:
    """Say which parameters were frozen only after the forward had used them."""
    nodes = {parameter.name: parameter.node for parameter in observed if parameter.node is not None}
    # of this loss: an earlier one may have used them when they were not frozen
    live = {edge.source for edge in judged.graph.edges if edge.gradient}
    late = grouped(
        (parameter.frozen_at, parameter.name)
        for parameter in judged.parameters
        if parameter.verdict is Verdict.FROZEN and nodes.get(parameter.name) in live
    )
    for place, names in late.items():
        at = "" if place is None else f" at {place}"
        yield (
            f"Frozen{at} only after the loss had used them: {_listed(names)}. They stay in the"
            " graph, and this backward gives them nothing."
        )


def _left_out(observed: Sequence[ParameterSeen], brought: Measured) -> Iterator[str]:
    """Say which parameters a backward was told to leave out, by the line that called it."""
    by_place: dict[Place | None, list[str]] = {}
    for parameter in observed:
        if parameter.requires_grad and parameter.node in brought.left_out:
            spot = brought.left_out[parameter.node]
            by_place.setdefault(spot.calling_place or spot.place, []).append(parameter.name)
    for place, names in by_place.items():
        at = "" if place is None else f" at {place}"
        yield (
            f"{_listed(names)}: the {brought.by}{at} was called with inputs=, which leaves them"
            " out."
        )


def _not_finite(parameters: Sequence[Parameter], birth: str, *, scaled: bool) -> Iterator[str]:
    """Say where NaN or infinity is born, and what it does to which parameters, or that a
    GradScaler, which has ``scaled`` the loss, leaves out a step with it.
    """
    names = [
        parameter.name
        for parameter in parameters
        if parameter.gradient_norm is not None and not math.isfinite(parameter.gradient_norm)
    ]
    if names and scaled:
        spoilt = birth or f"The gradient of {_listed(names)} is not finite."
        yield f"{spoilt} GradScaler's step() leaves such a step out; the optimizer's own would not."
    elif names and birth:
        yield f"{birth} A step with it makes {_listed(names)} NaN or infinite."
    elif names:
        yield (
            f"The gradient of {_listed(names)} is not finite: a step with it makes these parameters"
            " NaN or infinite."
        )
    elif birth:
        yield birth


def _birth(birth: NotFinite, *, scaled: bool) -> str:
    if birth.holder:
        code = f" ({birth.written.code})" if birth.written is not None else ""
        return f"NaN or infinity is not born here: {birth.why}{code}. {birth.mend}"
    mend = _SCALED if scaled and birth.mend == HALF else birth.mend
    what = f"{'the result' if birth.forward else 'the backward'} of {birth.operation}"
    if birth.operation == TENSOR_HOOK:
        what = birth.operation
    at = "" if birth.place is None else f" at {birth.place}"
    code = f" ({birth.place.code})" if birth.place is not None and birth.place.code else ""
    if birth.unsure:
        there = f"is in {what}{at}{code}, and was born there or before"
        return f"NaN or infinity {there}: {birth.why}. {mend}"
    return f"NaN or infinity is born in {what}{at}{code}: {birth.why}. {mend}"


def notes_of_exits(left: Mapping[str, Place | str]) -> list[str]:
    """Say where the values left, a sentence for each line."""
    by_place = grouped((place, name) for name, place in left.items())
    return [_of_exit(sorted(behind), place) for place, behind in by_place.items()]


def _of_exit(names: list[str], place: Place | str) -> str:
    subject, again = ("their values", "they") if len(names) > 1 else ("its value", "it")
    shown = _listed(names)
    if isinstance(place, str):
        return f"{shown}: {place}; whether {subject} came in from there cannot be seen."
    return f"{shown}: {subject} left torch at {place}; whether {again} came back cannot be seen."


def _listed(names: Sequence[str]) -> str:
    """Return the first names of several."""
    return ", ".join(names[:_MOST_NAMES]) + (" ..." if names[_MOST_NAMES:] else "")
