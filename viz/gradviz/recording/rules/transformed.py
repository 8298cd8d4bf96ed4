"""A call inside ``torch.func``, whose arguments are wrapped, a layer for each transform."""

from types import FrameType
from typing import Any

from gradviz.recording import transforms
from gradviz.recording.arguments import tensors_in
from gradviz.recording.inputs import came_back, dead_sources
from gradviz.recording.noting import is_another, mark_factors, stamp_nodes
from gradviz.recording.recorder import Recorder
from gradviz.recording.rule import Rule
from gradviz.recording.severing import write_down
from gradviz.recording.tensor_state import is_recorded


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
        _derived(recorder, rule, args, plain, out, result, frame)
        return out
    answer = rule.after(recorder, rule, *plain, result, before, frame)
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
    if rule.name == "_unpack_dual":
        _derived(recorder, rule, (args[0],), plain, out[1:], result[1:], frame)
    return answer if answer is not result else out


def _derived(
    recorder: Recorder,
    rule: Rule,
    args: Any,
    plain: tuple[Any, Any],
    out: Any,
    result: Any,
    frame: FrameType,
) -> None:
    """A derivative was taken: note what it depends on beside what its own history says."""
    nodes = [*transforms.layers(args[0])] or [
        tensor.grad_fn for tensor in tensors_in((plain[0][0],))
    ]
    sources = transforms.derivative_sources(recorder.tape, nodes, tensors_in(args[1:2]))
    for wrapped, tensor in zip(tensors_in((out,)), tensors_in((result,)), strict=False):
        if rule.name == "grad":
            is_another(recorder, tensor, *plain)
        if is_recorded(tensor):
            stamp_nodes(recorder, rule, (), {}, (tensor,), frame)
            recorder.tape.stamp(tensor.grad_fn, None, sources)
        elif sources:
            inputs = tuple((source, False) for source in sources)
            write_down(
                recorder, rule.name, None, inputs, recorder.stacks.look_around(frame), tensor
            )
        for node in transforms.layers(wrapped) if sources else ():
            recorder.tape.stamp(node, None, sources).factors += sources
