"""A tangent is put beside a value, for forward mode: the value is what it was."""

from typing import Any

from gradviz.recording.calls import transforms
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.inputs import dead_sources, inputs_of
from gradviz.recording.calls.noting import is_another, made, stamp_nodes
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.calls.severing import kind_without_graph, write_down
from gradviz.recording.recorder import Recorder
from gradviz.recording.rules.ordinary import after
from gradviz.recording.tensor_state import is_recorded
from gradviz.recording.torch_inside import MAKES_A_DUAL, TAKES_A_DUAL


def _after_make_dual(call: TorchCall) -> None:
    recorder, _, args, kwargs, out, _, _ = call
    primal, tangent = args[:2]
    of_primal = call._replace(args=(primal,), kwargs={})
    is_another(recorder, out, args, kwargs)
    severed = tuple(number for number, live in inputs_of(recorder, (tangent,), {}) if not live)
    if is_recorded(out):
        stamp_nodes(of_primal, (out,))
        if out.grad_fn is not None and severed:
            recorder.tape.stamp(out.grad_fn, None).factors += severed
    else:
        made(of_primal, (out,))
        recorder.tape.tangents.update(dict.fromkeys(severed))


def _after_unpack_dual(call: TorchCall) -> None:
    after(call)
    derived(call, call.args[:1], call.out[1:], call.out[1:])


def derived(call: TorchCall, args: Any, out: Any, result: Any) -> None:
    """A derivative was taken: note what it depends on beside what its own history says.

    Args:
        call: That took it, with plain tensors.
        args, out: As they are wrapped.
        result: The plain tensors in that.
    """
    recorder, rule, frame, plain = (
        call.recorder,
        call.function,
        call.frame,
        (call.args, call.kwargs),
    )
    nodes = [*transforms.layers(args[0])] or [
        tensor.grad_fn for tensor in tensors_in((plain[0][0],))
    ]
    weights: list[int] = []
    if rule.name == TAKES_A_DUAL:
        weights.extend(recorder.tape.tangents)
    else:
        dead_sources(recorder, cotangents(*plain), weights, None)
    directions = transforms.each_toward(out, tensors_in(args[1:2]))
    for wrapped, tensor, own in zip(
        tensors_in((out,)), tensors_in((result,)), directions, strict=False
    ):
        beside = transforms.derivative_sources(recorder, nodes, own)
        sources = tuple(dict.fromkeys((*beside, *weights)))
        if rule.name == "grad":
            is_another(recorder, tensor, *plain)
        if is_recorded(tensor):
            stamp_nodes(call._replace(args=(), kwargs={}), (tensor,))
            recorder.tape.stamp(tensor.grad_fn, None, sources).factors += sources
        else:
            behind = transforms.behind_what_is_saved(nodes, own)
            inputs = (
                *inputs_of(recorder, (*behind, *cotangents(*plain)), {}),
                *((source, _is_live(recorder, source)) for source in sources),
            )
            if not inputs:
                continue
            stack = recorder.stacks.look_around(frame)
            is_cut = any(live for _, live in inputs)
            kind = kind_without_graph(recorder, is_pullback=True) if is_cut else None
            write_down(recorder, rule.name, kind, inputs, stack, tensor)
        for node in transforms.layers(wrapped) if sources else ():
            recorder.tape.stamp(node, None, sources).factors += sources


def _is_live(recorder: Recorder, number: int) -> bool:
    """Say whether gradient would come back to a value."""
    leaf = recorder.tape.leaves.get(number)
    return number in recorder.tape.steps or (leaf is not None and leaf.requires_grad)


def cotangents(args: Any, kwargs: Any) -> tuple[Any, ...]:
    """Return the ``grad_outputs`` that ``torch.autograd.grad`` was given."""
    return (*args[2:3], kwargs.get("grad_outputs"))


RULES = {
    MAKES_A_DUAL: Rule(MAKES_A_DUAL, _after_make_dual),
    TAKES_A_DUAL: Rule(TAKES_A_DUAL, _after_unpack_dual),
}
