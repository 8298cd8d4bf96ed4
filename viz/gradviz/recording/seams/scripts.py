"""Scripted and traced functions, whose nodes TorchScript makes out of Python's sight."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any, NamedTuple

from torch import Tensor

from gradviz.graph import CutKind
from gradviz.recording import torch_inside
from gradviz.recording.calls.arguments import tensors_in
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.noting import made, stamp_nodes
from gradviz.recording.calls.rule import Function, TorchCall
from gradviz.recording.calls.severing import write_down
from gradviz.recording.reading.switches import Switch
from gradviz.recording.reading.where import Spot, Surroundings
from gradviz.recording.recorder import Recorder
from gradviz.recording.seams.seam import Called, Seam, seam
from gradviz.recording.tensor_state import history, is_recorded, nodes_before
from gradviz.recording.unseen import scripted
from gradviz.system.grouped import grouped
from gradviz.system.lines import getline
from gradviz.system.walk import walk


class _BeforeScript(NamedTuple):
    """What is seen before a script runs.

    Attributes:
        first: Where the numbers of its autograd nodes begin.
        attributes: By its path: what is in each attribute that it is going to write.
    """

    first: int
    attributes: dict[scripted.Path, list[Tensor]]


def _before(call: Called) -> _BeforeScript:
    function, first = call.args[0], torch_inside.sequence_number()
    flows = scripted.flows_of(function)
    paths = () if flows is None else flows.attributes
    return _BeforeScript(first, {path: scripted.tensors_at(path, function, ()) for path in paths})


def _ran(call: Called) -> None:
    function, args = call.args[0], call.args[1:]
    ran_script(call.mode, function, call.looked, args, call.kwargs, call.out, call.frame)


def seams() -> Iterator[Seam]:
    """Yield the seams over what calls a scripted function or module."""
    for kind in torch_inside.SCRIPTED:
        yield seam(kind, "__call__", _ran, before=_before)


# A scripted or traced function ran, whose nodes TorchScript makes out of Python's sight.


def ran_script(
    recorder: Recorder,
    function: Any,
    before: _BeforeScript,
    args: Any,
    kwargs: Any,
    out: Any,
    frame: FrameType,
) -> None:
    """A scripted or traced function ran, unseen but for what its graph says."""
    given = scripted.arguments(function, args, kwargs)

    def at(path: scripted.Path) -> list[Tensor]:
        earlier = before.attributes.get(path)
        return scripted.tensors_at(path, function, given) if earlier is None else earlier

    script = Function(getattr(function, "name", "scripted function"))
    flows = scripted.flows_of(function)
    constants = scripted.constants_of(function)
    for constant in tensors_in(constants):
        recorder.kinships.handed_out(constant)
    outs = [*scripted.tensors_of(out)]
    results = [] if flows is None else _results(flows, function, outs)
    stack = recorder.stacks.look_around(frame)
    if flows is None and any(tensor.requires_grad for tensor in tensors_in(given)):
        recorder.tape.opaque[stack.spot] = None
    elif flows is not None and hasattr(function, "owner"):
        leaves = set(map(recorder.tape.leaf, scripted.untold_in(function, flows, constants)))
        recorder.tape.opaque.may_hold(stack.spot, leaves)
    for position, tensor in enumerate(outs):
        flow = results[position] if results else None
        severed = {} if flow is None else _severed(flow, at)
        through = given if flow is None else [item for path in flow.live for item in at(path)]
        if is_recorded(tensor):
            through = _taken_in(through, tensor, before.first)
        recorder.first_node = before.first
        call = TorchCall(recorder, script, [*through, *constants], {}, tensor, None, frame)
        if is_recorded(tensor):
            stamp_nodes(call, (tensor,))
        else:
            made(call, (tensor,))
        for (by, is_factor), tensors in severed.items():
            serial = _severed_in_script(recorder, by, tensors, stack, tensor)
            if serial and is_factor and is_recorded(tensor):
                recorder.tape.stamp(tensor.grad_fn, None).factors += (serial,)


def _taken_in(through: list[Tensor], result: Tensor, first: int) -> list[Tensor]:
    """Return of what a script may read what it did: a branch that did not run reads no leaf."""
    leaves: set[int] = set()

    def onward(node: Any) -> list[Any]:
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            leaves.add(id(leaf))
        return nodes_before(node) if torch_inside.node_number(node) >= first else []

    for _ in walk([node for node in (history(result),) if node is not None], onward):
        pass
    return [
        item
        for item in through
        if not (isinstance(item, Tensor) and item.is_leaf and item.requires_grad)
        or id(item) in leaves
    ]


def _results(flows: scripted.Flows, function: Any, outs: list[Tensor]) -> list[scripted.MadeOf]:
    """Return what each result is made of, and add what the script wrote into attributes."""
    results = [*flows.results]
    if len(results) != len(outs):
        results = [scripted.joined(results)] * len(outs)
    for path, flow in flows.attributes.items():
        for tensor in scripted.tensors_at(path, function, ()):
            if not (tensor.is_leaf and tensor.requires_grad):
                outs.append(tensor)
                results.append(flow)
    return results


def _severed(
    flow: scripted.MadeOf, at: Callable[[scripted.Path], list[Tensor]]
) -> dict[tuple[scripted.Severing, bool], list[Tensor]]:
    """Return the tensors that a script severs on the way to one of its results, by what severs them
    and whether a derivative of the result depends on them.
    """
    return grouped(
        ((by, path in flow.factors), value) for path, by in flow.dead.items() for value in at(path)
    )


def _severed_in_script(
    recorder: Recorder,
    by: scripted.Severing,
    severed: list[Tensor],
    stack: Surroundings,
    out: Tensor,
) -> int:
    """Take note of what a script severs. Return the number of it; 0 where it is of no interest."""
    inputs = inputs_of(recorder, severed, {})
    if not inputs:
        return 0
    origin = recorder.tape.origin(out)
    if not is_recorded(out) and origin is not None:
        inputs = (*inputs, (origin, False))
    kind, operation = by.kind, by.operation
    # What a library's module ran is told by the block alone
    inner = _spot_of(by.line or by.block, stack.spot)
    stack = stack if inner is None else replace(stack, spot=inner, lasting=False)
    serial = write_down(recorder, operation, kind, inputs, stack, None if is_recorded(out) else out)
    call = recorder.tape.calls[serial]
    call.operation, call.library = f"{operation}() in TorchScript", call.library and inner is None
    block = _spot_of(by.block, stack.spot)
    if block is not None:
        by_function = kind is CutKind.SET_GRAD_ENABLED
        call.switch = Switch(by_function, library=False, inside_function=False, spot=block)
    if is_recorded(out):
        recorder.tape.stamp(out.grad_fn, None, (serial,))
    return serial


def _spot_of(line: scripted.ScriptLine | None, calling: Spot) -> Spot | None:
    """Return the spot of a line that TorchScript runs, called from the user's own; None where its
    file has another line there by now.
    """
    code = calling.caller or calling.code
    if line is None or code is None:
        return None
    file, number, text = line
    if text and getline(file, number).strip() != text:
        return None
    lasti = calling.caller_lasti if calling.caller else calling.lasti
    return Spot(_empty(file), -number, code, lasti, calling.module)


@lru_cache(maxsize=256)
def _empty(file: str) -> CodeType:
    """Return code of a file that does nothing, for a line of the file that no code runs."""
    return compile("", file, "exec")
