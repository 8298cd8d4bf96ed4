"""A call inside ``torch.func``, whose arguments are wrapped, a layer for each transform."""

from typing import Any

from gradviz.recording.calls import transforms
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.inputs import came_back, dead_sources, inputs_of
from gradviz.recording.calls.noting import mark_factors
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.calls.tangents_beside import note_tangent, take_tangent
from gradviz.recording.recorder import Recorder
from gradviz.recording.rules.tangents import derived
from gradviz.recording.tensor_state import is_recorded
from gradviz.recording.torch_inside import MAKES_A_DUAL, TAKES_A_DUAL


def after_transformed(call: TorchCall, args: Any) -> None:
    """Look at the plain tensors under the wrapped ones.

    Each wrapper's own node is marked too, for the derivative to come.

    Args:
        call: With plain arguments, and the result as it is wrapped.
        args: The arguments as they are wrapped.
    """
    recorder, rule, out = call.recorder, call.function, call.out
    if rule.name == "requires_grad_":
        return  # the transform's own, of a wrapper
    result = transforms.plain(out)
    if rule.name == "grad":
        derived(call, args, out, result)
        return
    assert isinstance(rule, Rule)
    rule.after(call._replace(out=result))
    if rule.name == MAKES_A_DUAL:
        recorder.beside_values.setdefault(0, 0)
        return
    if recorder.beside_values:
        _note_tangents(call, args, out, result)
    # A wrapper that outlives its transform stands for what is in it
    for wrapper, tensor in zip(tensors_in((out,)), tensors_in((result,)), strict=True):
        origin = None if wrapper is tensor or is_recorded(tensor) else recorder.tape.origin(tensor)
        if origin is not None:
            recorder.tape.set_origin(wrapper, origin)
    given = (*call.args, *call.kwargs.values())
    sources: list[int] = []
    dead_sources(recorder, call.args, sources, rule)
    dead_sources(recorder, call.kwargs.values(), sources, None)
    numbers = tuple(came_back(recorder, given, call.frame)) if recorder.escapes.any else ()
    # Where only the layer has grad mode on, no history leads to what is live
    lost = not any(map(is_recorded, tensors_in((result,))))
    for node in transforms.layers(out) if sources or numbers or lost else ():
        factors = transforms.factors(rule.name, args, call.kwargs, node)
        live = _live(recorder, factors) if lost else ()
        if not (sources or numbers or live):
            continue
        stamp = recorder.tape.stamp(node, None, (*sources, *numbers))
        mark_factors(recorder, stamp, factors)
        stamp.factors += (*(numbers if transforms.is_product(node) else ()), *live)
        stamp.saved = transforms.saved_by_edge(recorder, node)
    if rule.name == TAKES_A_DUAL:
        derived(call, (args[0],), out[1:], result[1:])


def _note_tangents(call: TorchCall, args: Any, out: Any, result: Any) -> None:
    """In forward mode, take note of what the tangents beside results without a history are."""
    recorder, name = call.recorder, call.function.name
    if name == TAKES_A_DUAL:
        for tangents in zip(tensors_in(out[1:]), tensors_in(result[1:]), strict=True):
            if not is_recorded(tangents[1]):
                take_tangent(call, tangents)
        return
    for tensor in tensors_in((result,)):
        if not is_recorded(tensor):
            note_tangent(recorder, name, args, call.kwargs, tensor)


def _live(recorder: Recorder, factors: Any) -> tuple[int, ...]:
    """Return the numbers of what gradient would come back to, among some factors."""
    inputs = inputs_of(recorder, transforms.plain(factors), {})
    return tuple(number for number, live in inputs if live)
