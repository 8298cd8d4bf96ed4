"""``torch.autograd.grad``: gradients as plain numbers, or with a history of their own."""

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic import sizes
from gradviz.recording.arithmetic.births import Born, without_derivative
from gradviz.recording.calls import transforms
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.noting import is_another, stamp_nodes
from gradviz.recording.calls.rule import Rule, TorchCall
from gradviz.recording.calls.severing import kind_without_graph, write_down
from gradviz.recording.entries.records import Asked, Exit
from gradviz.recording.reading.where import Spot
from gradviz.recording.recorder import spot_of
from gradviz.recording.rules.tangents import cotangents
from gradviz.recording.tape import Tape
from gradviz.recording.tensor_state import is_recorded
from gradviz.recording.torch_inside import is_wrapped


def _after_grad(call: TorchCall) -> None:
    recorder, _, args, kwargs, out, _, frame = call
    for item in tensors_in(out):
        is_another(recorder, item, args, kwargs)
    outputs = args[0] if args else kwargs.get("outputs")
    roots = [tensor.grad_fn for tensor in tensors_in((outputs,))]
    towards = tuple(tensors_in(args[1:2] or (kwargs.get("inputs"),)))
    if any(isinstance(item, nn.Parameter) for item in towards):
        _note_asked(recorder.tape, roots, towards, spot_of(frame))
    weights = cotangents(args, kwargs)
    directions = transforms.each_toward(out, towards)
    live = tuple(item for item in out if isinstance(item, Tensor) and is_recorded(item))
    if live:
        stamp_nodes(call._replace(args=weights, kwargs={}), live)
        _note_birth(recorder.tape, roots, live)
        _note_unseen(
            call, transforms.left_by_functions(roots, towards, [item.grad_fn for item in live])
        )
    is_pullback = any(map(is_wrapped, tensors_in((outputs,))))
    alike: dict[tuple[int, ...], tuple[tuple[Tensor, ...], list[Tensor]]] = {}
    for item, own in zip(tensors_in(out), directions, strict=True):
        alike.setdefault(tuple(map(id, own)), (own, []))[1].append(item)
    for own, items in alike.values():
        constants = transforms.derivative_sources(recorder, roots, own)
        for item in filter(is_recorded, items) if constants else ():
            recorder.tape.stamp(item.grad_fn, None, constants)
        lost = tuple(item for item in items if not is_recorded(item))
        if lost:
            _cut(call, roots, own, lost, constants, is_pullback=is_pullback)
            if is_pullback and not torch_inside.READS_SAVED:
                made = map(transforms.plain, tensors_in((outputs,)))
                _note_unseen(call, tuple(item.grad_fn for item in made if is_recorded(item)))


def _cut(
    call: TorchCall,
    roots: Sequence[Any],
    towards: tuple[Tensor, ...],
    items: Sequence[Tensor],
    constants: tuple[int, ...],
    *,
    is_pullback: bool,
) -> None:
    """Take note of derivatives without a history, with respect to the same inputs."""
    recorder = call.recorder
    behind = transforms.behind_what_is_saved(roots, towards) if is_pullback else ()
    inputs = (
        *((recorder.tape.walk(node), True) for node in transforms.factors_of(roots, towards)),
        *((constant, False) for constant in constants),
        *inputs_of(recorder, (*behind, *cotangents(call.args, call.kwargs)), {}),
    )
    if inputs:
        stack = recorder.stacks.look_around(call.frame)
        kind = kind_without_graph(recorder, is_pullback=is_pullback)
        serial = write_down(recorder, call.function.name, kind, inputs, stack, None)
        for item in items:
            recorder.tape.set_origin(item, serial)


def _note_birth(tape: Tape, roots: Iterable[Any], results: Sequence[Tensor]) -> None:
    """Where a gradient with a history is NaN or infinite, take note of where that is born in the
    backward that made it, as far as that is known without waiting for a device.
    """
    spot, born = tape.stamp(results[0].grad_fn, None).spot, None
    with suppress(RuntimeError, TypeError, ValueError, IndexError):  # what is odd to read
        if not all(sizes.unseen(_is_finite, item) for item in results):
            born = sizes.unseen(without_derivative, [root for root in roots if root is not None])
    if spot is not None and born is not None:
        tape.derived[spot] = Born(tape.walk(born.node), False, *born.words)
    elif spot is not None:
        tape.derived.pop(spot, None)


def _is_finite(item: Tensor) -> bool:
    if not sizes.is_simple(item) or is_wrapped(item):
        return True
    return math.isfinite(sizes.read([sizes.size_of(item)])[0])


def _note_unseen(call: TorchCall, nodes: tuple[Any, ...]) -> None:
    """Take note that a derivative had the values of some nodes, of which it cannot be seen what it
    did with them: in a custom Function's backward, or where nodes do not tell what they saved.
    """
    recorder = call.recorder
    if nodes:
        inputs = tuple((recorder.tape.walk(node), True) for node in nodes)
        stack = recorder.stacks.look_around(call.frame)
        serial = write_down(recorder, call.function.name, None, inputs, stack, None)
        recorder.tape.left(serial, Exit.NUMBER)


def _note_asked(tape: Tape, roots: Iterable[Any], towards: Iterable[Tensor], spot: Spot) -> None:
    """Take note of a call that asked for parameters, from the autograd nodes of what it
    differentiated.
    """
    numbers = frozenset(tape.walk(root) for root in roots if root is not None)
    leaves = frozenset(tape.live(tensor) for tensor in towards if tensor.requires_grad)
    tape.asked.append(Asked(numbers, leaves, spot))
    tape.lines.backward_ended()


def recognise(function: Any, name: str) -> Rule | None:
    """Return the rule of ``torch.autograd.grad``; None for any other function."""
    if name == "grad" and getattr(function, "__module__", "") == "torch.autograd":
        return Rule(name, _after_grad)
    return None
