"""What a report leads with.

Parameters that an optimizer is about to step though no gradient reached them.

The yardstick is the optimizer that steps next. What it does not hold may be unreached for good
reason (the generator in the discriminator's step), and what is reached and not held is extra
gradient, which the next ``zero_grad`` clears.
"""

from collections.abc import Mapping, Sequence

import torch
from torch.optim import Optimizer

from gradviz.graph import Verdict
from gradviz.recording.sharded import is_sharded
from gradviz.recording.sizes import any_nonzero
from gradviz.running.calls import Call, Step

_ARRIVED = (Verdict.REACHED, Verdict.ZERO)


def judge_step(
    name: str,
    optimizer: Optimizer,
    others: Mapping[str, Optimizer],
    calls: Sequence[Call],
    numbers: Sequence[int],
    earlier: Sequence[Call] = (),
) -> Step:
    """Hold an optimizer's parameters against what the calls before its step reached.

    Args:
        name: Of the optimizer.
        optimizer: It is about to step, or has just stepped.
        others: Every optimizer by name.
        calls: The backward calls since the step before that were reported on.
        numbers: All backward calls since the step before.
        earlier: The calls before these.
    """
    complete = len(calls) == len(numbers)
    names = {key: known for call in calls for key, known in call.names.items()}
    held: dict[str, torch.Tensor] = {
        names[id(tensor)]: tensor
        for group in optimizer.param_groups
        for tensor in group["params"]
        if id(tensor) in names
    }
    starved, zero, older, idle, frozen = [], [], [], [], []
    shared = {
        id(tensor)
        for other in others.values()
        if other is not optimizer
        for group in other.param_groups
        for tensor in group["params"]
    }
    reached = {
        each
        for call in earlier
        for each, one in call.report.parameters.items()
        if one.verdict is Verdict.REACHED
    }
    for parameter, tensor in held.items():
        verdicts = [
            call.report.parameters[parameter].verdict
            for call in calls
            if parameter in call.report.parameters
        ]
        if Verdict.REACHED in verdicts:
            continue
        if Verdict.FROZEN in verdicts or not tensor.requires_grad:
            frozen.append(parameter)
        elif Verdict.ZERO in verdicts:
            # A call that was not reported on may have brought more than zeros.
            if (
                complete
                or tensor.grad is None
                or is_sharded(tensor.grad)
                or any_nonzero(tensor.grad) is False
            ):
                zero.append(parameter)
        elif set(verdicts) == {Verdict.UNUSED} and (id(tensor) in shared or parameter in reached):
            idle.append(parameter)
        elif tensor.grad is None or (
            complete and not is_sharded(tensor.grad) and any_nonzero(tensor.grad) is False
        ):
            starved.append(parameter)
        elif complete:
            older.append(parameter)
    return Step(
        optimizer=name,
        kind=type(optimizer).__name__,
        calls=tuple(numbers),
        held=tuple(held),
        starved=tuple(starved),
        zero=tuple(zero),
        older=tuple(older),
        idle=tuple(idle),
        frozen=tuple(frozen),
        extra=_extra(held, others, calls),
    )


def _extra(
    held: Mapping[str, torch.Tensor], others: Mapping[str, Optimizer], calls: Sequence[Call]
) -> dict[str, tuple[str, ...]]:
    owners: dict[int, dict[str, None]] = {}
    for name, other in others.items():
        for group in other.param_groups:
            for tensor in group["params"]:
                owners.setdefault(id(tensor), {})[name] = None
    extra: dict[str, list[str]] = {}
    for call in calls:
        for key, name in call.names.items():
            parameter = call.report.parameters.get(name)
            if parameter is not None and parameter.verdict in _ARRIVED and name not in held:
                known = extra.setdefault(" and ".join(owners.get(key, ())), [])
                if name not in known:
                    known.append(name)
    return {owner: tuple(found) for owner, found in extra.items()}
