"""A call inside ``torch.func``, whose arguments are wrapped, a layer for each transform."""

from types import FrameType
from typing import Any

from gradviz.recording import transforms
from gradviz.recording.inputs import came_back, dead_sources
from gradviz.recording.noting import mark_factors
from gradviz.recording.recorder import Recorder
from gradviz.recording.rule import Rule
from gradviz.recording.rules.tangents import derived
from gradviz.recording.torch_inside import MAKES_A_DUAL, TAKES_A_DUAL


def after_transformed(
    recorder: Recorder,
    rule: Rule,
    args: Any,
    plain: tuple[Any, Any],
    out: Any,
    before: Any,
    frame: FrameType,
) -> Any:
    """Look at the plain tensors under the wrapped ones.

    Each wrapper's own node is marked too, for the derivative to come.
    """
    if rule.name == "requires_grad_":
        return out  # the transform's own, of a wrapper
    result = transforms.plain(out)
    if rule.name == "grad":
        derived(recorder, rule, args, plain, out, result, frame)
        return out
    answer = rule.after(recorder, rule, *plain, result, before, frame)
    if rule.name == MAKES_A_DUAL:
        return answer if answer is not result else out
    sources: list[int] = []
    dead_sources(recorder, plain[0], sources, rule)
    dead_sources(recorder, plain[1].values(), sources, None)
    numbers = (
        tuple(came_back(recorder, (*plain[0], *plain[1].values()), frame))
        if recorder.escapes.any
        else ()
    )
    for node in transforms.layers(out) if sources or numbers else ():
        stamp = recorder.tape.stamp(node, None, (*sources, *numbers))
        mark_factors(recorder, stamp, transforms.factors(rule.name, args, plain[1], node))
        stamp.factors += numbers if transforms.is_product(node) else ()
    if rule.name == TAKES_A_DUAL:
        derived(recorder, rule, (args[0],), plain, out[1:], result[1:], frame)
    return answer if answer is not result else out
