"""What a report leads with.

Parameters that an optimizer is about to step though no gradient reached them.

The yardstick is the optimizer that steps next. What it does not hold may be unreached for good
reason (the generator in the discriminator's step), and what is reached and not held is extra
gradient, which the next ``zero_grad`` clears.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import torch
from torch.optim import Optimizer

from gradviz.graph import Verdict
from gradviz.recording.arithmetic.sizes import any_nonzero
from gradviz.recording.groups import parameters_in
from gradviz.recording.torch_inside import is_sharded
from gradviz.running.calls import BackwardCall, OptimizerStep
from gradviz.system.grouped import grouped

_ARRIVED = (Verdict.REACHED, Verdict.ZERO)


def judge_step(
    optimizer: Optimizer,
    optimizers: Mapping[str, Optimizer],
    calls: Sequence[BackwardCall],
    numbers: Sequence[int],
    earlier: Sequence[BackwardCall] = (),
    *,
    stale: Sequence[str] = (),
    inside: Mapping[str, Sequence[str]] = MappingProxyType({}),
    waits: bool = False,
    stalled: Container[int] = (),
) -> OptimizerStep:
    """Hold an optimizer's parameters against what the calls before its step reached, and return the
    step as that shows it.

    Args:
        optimizer: It is about to step, or has just stepped.
        optimizers: Every optimizer by name.
        calls: The backward calls since the step before that were reported on.
        numbers: All backward calls since the step before.
        earlier: The calls before these.
        stale: Names of what stands where others stood that the optimizer holds still, and of what
            it holds and no model has any more.
        inside: Names of what lies in the memory of each parameter, by its name.
        waits: It is early to say of what no loss has used that none will.
        stalled: Identities of what steps have moved: why they do so no more is told at the end.
    """
    held = _held(optimizer, calls, stale)
    lodged = {name for whole in held for name in inside.get(whole, ())}
    take_turns = _take_turns([*earlier, *calls], held)
    sorter = _Sorter(
        calls=calls,
        complete=len(calls) == len(numbers),
        waits=waits or take_turns,
        shared=_held_by_others(optimizer, optimizers.values()),
        stalled=stalled,
        reached=_reached(earlier),
        reached_there=_reached(
            [call for call in earlier if any(call.place == now.place for now in calls)]
        ),
    )
    sorted_names = grouped((sorter.field(name, tensor), name) for name, tensor in held.items())
    sorted_names.pop("", None)
    if "starved" in sorted_names and not take_turns:  # one alarm tells of all
        without = {*sorted_names["starved"], *sorted_names.pop("waiting", ())}
        sorted_names["starved"] = [name for name in held if name in without]
    kind = type(optimizer).__name__
    step = OptimizerStep(
        optimizer=next((name for name, other in optimizers.items() if other is optimizer), kind),
        kind=kind,
        calls=tuple(numbers),
        held=tuple(held),
        stale=tuple(stale),
        unwatched=tuple(sorted({*numbers}.difference(call.number for call in calls))),
        extra=_extra({*held, *stale, *lodged}, optimizers, calls),
    )
    fields: dict[str, Any] = {field: tuple(chosen) for field, chosen in sorted_names.items()}
    return replace(step, **fields)


def _held(
    optimizer: Optimizer, calls: Sequence[BackwardCall], stale: Container[str]
) -> dict[str, torch.Tensor]:
    """Return the parameters of an optimizer that calls know by a name, and that stand there."""
    names = {key: name for call in calls for key, name in call.names.items()}
    named = ((names.get(id(tensor)), tensor) for tensor in parameters_of(optimizer))
    return {name: tensor for name, tensor in named if name is not None and name not in stale}


def _held_by_others(optimizer: Optimizer, optimizers: Iterable[Optimizer]) -> frozenset[int]:
    """Return the identities of what other optimizers hold."""
    others = [other for other in optimizers if other is not optimizer]
    return frozenset(id(tensor) for other in others for tensor in parameters_of(other))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorter:
    """What tells what became of a parameter before a step.

    Attributes:
        calls: The backward calls since the step before that were reported on.
        complete: They are all that there were.
        waits: What no loss has used a later one may use.
        shared: Identities of what other optimizers hold too.
        stalled: Of what steps have moved, and do no more.
        reached: Names of what calls before these reached.
        reached_there: Of what such calls at one of the same lines reached.
    """

    calls: Sequence[BackwardCall]
    complete: bool
    waits: bool
    shared: frozenset[int]
    stalled: Container[int]
    reached: frozenset[str]
    reached_there: frozenset[str]

    def field(self, name: str, tensor: torch.Tensor) -> str:
        """Return the field of an :class:`OptimizerStep` that a parameter belongs into, if any."""
        verdicts = {
            call.report.parameters[name].verdict
            for call in self.calls
            if name in call.report.parameters
        }
        if Verdict.REACHED in verdicts:
            return ""
        if Verdict.FROZEN in verdicts or not tensor.requires_grad:
            return "frozen"
        if Verdict.ZERO in verdicts:
            # A call that was not reported on may have brought more than zeros.
            gradient = tensor.grad
            certain = self.complete or gradient is None or is_sharded(gradient)
            return "zero" if certain or _is_zero(gradient) else ""
        if verdicts == {Verdict.UNUSED} and (id(tensor) in self.shared or name in self.reached):
            return "idle"
        if name in self.reached_there or id(tensor) in self.stalled:
            return "idle"  # a state that is learned: the first of several losses alone trains it
        is_empty = tensor.grad is None or (self.complete and _is_zero(tensor.grad))
        if verdicts == {Verdict.UNUSED} and self.waits and is_empty:
            return "waiting"
        if is_empty:
            return "starved"
        return "older" if self.complete else ""


def _take_turns(calls: Sequence[BackwardCall], names: Iterable[str]) -> bool:
    """Say whether some losses use what others do not: what none has used may have its turn yet."""
    verdicts = [
        {call.report.parameters[name].verdict for call in calls if name in call.report.parameters}
        for name in names
    ]
    return any({Verdict.UNUSED, Verdict.REACHED} <= own for own in verdicts)


def _is_zero(gradient: torch.Tensor | None) -> bool:
    """Say whether a gradient is known to be zero: of a shard nobody knows here."""
    return gradient is not None and not is_sharded(gradient) and any_nonzero(gradient) is False


def _reached(calls: Sequence[BackwardCall]) -> frozenset[str]:
    return frozenset(
        name
        for call in calls
        for name, parameter in call.report.parameters.items()
        if parameter.verdict is Verdict.REACHED
    )


def parameters_of(optimizer: Optimizer) -> Iterator[torch.Tensor]:
    """Yield the parameters that an optimizer holds."""
    for group in optimizer.param_groups:
        yield from parameters_in(group)


def _extra(
    held: Container[str], others: Mapping[str, Optimizer], calls: Sequence[BackwardCall]
) -> dict[str, tuple[str, ...]]:
    owners: dict[int, dict[str, None]] = {}
    for name, other in others.items():
        for group in other.param_groups:
            for tensor in parameters_in(group):
                owners.setdefault(id(tensor), {})[name] = None
    extra: dict[str, list[str]] = {}
    for call in calls:
        for key, name in call.names.items():
            parameter = call.report.parameters.get(name)
            if parameter is not None and parameter.verdict in _ARRIVED and name not in held:
                names = extra.setdefault(" and ".join(owners.get(key, ())), [])
                if name not in names:
                    names.append(name)
    return {owner: tuple(names) for owner, names in extra.items()}
