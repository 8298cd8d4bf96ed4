"""From a finished tape, a loss and a model to findings.

Build the graph, add what backwards brought, have it analysed.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gradviz.facts.findings import Findings
from gradviz.facts.parameters import Parameters
from gradviz.graph import Graph, Leaf, NodeKind, Parameter, Place, Unused, UnusedReason
from gradviz.judging.analysis import ParameterSeen, analyse
from gradviz.judging.backward import ask
from gradviz.judging.build import Built, build
from gradviz.judging.lodgers import lodgers
from gradviz.judging.measured import Measured, measured
from gradviz.judging.model_names import Model, Names, leaf_names, names_of
from gradviz.judging.notes import (
    notes_of_exits,
    notes_of_gradients,
    notes_of_losses,
    notes_of_tape,
)
from gradviz.judging.uncertain import never_seen, uncertain
from gradviz.judging.unused import with_reasons
from gradviz.recording import torch_inside
from gradviz.recording.calls.ancestry import leads_to
from gradviz.recording.calls.memory import writes
from gradviz.recording.calls.moved import is_inner_loop
from gradviz.recording.entries.dates import is_older
from gradviz.recording.leaf_switches import born_at, switched_at
from gradviz.recording.reading.where import NOWHERE, Spot
from gradviz.recording.tape import Tape
from gradviz.recording.torch_inside import holds_zeros, parts_of
from gradviz.system import collector
from gradviz.system.quickly import quickly
from gradviz.system.undo import Action, Undo

_parameter = quickly(ParameterSeen)


def judge(
    tape: Tape,
    losses: Mapping[str, Any],
    model: Model | None,
    optimized: set[int] | None,
    *,
    measure: bool,
    notes: tuple[str, ...] = (),
    numbers: Mapping[int, tuple[int, ...]] | None = None,
) -> Findings:
    """Return what became of the gradient of one loss, or of several together.

    Args:
        tape: What the trace saw.
        losses: Each loss by name; a tensor, or a number that left torch.
        model: Whose parameters to report on.
        optimized: The parameters that some optimizer holds, by identity; None where no optimizer is
            known.
        measure: Run a backward to tell zero from reached, unless the step has run one itself.
        notes: What is to be said besides.
        numbers: Of a loss that is a plain number, by identity: what left torch and is in it.
    """
    left_torch = numbers or {}
    holder = object()
    with torch_inside.without_torch_function(), Undo(_disturbed(holder)):
        collector.hold(holder)
        names = names_of(model)
        if tape.tensors.is_closed:
            know_again(tape, names)
        built = _built(tape, losses, names, left_torch)
        live = tuple(
            loss for loss in losses.values() if isinstance(loss, Tensor) and loss.requires_grad
        )
        remarks = [*notes, *torch_inside.notes()]
        refused = ask(tape, built, live, model, names) if measure else ""
        brought = measured(tape, built, names, live, remarks, refused)
        observed = _parameters(tape, built, names, optimized, brought)
        judged = analyse(built.graph, observed)
        made = any(_is_made(tape, loss, left_torch) for loss in losses.values())
        remarks += notes_of_losses(losses, judged.parameters, model, names)
        older = _is_older(tape, built)
        remarks += notes_of_tape(tape, compiled=bool(names.compiled), made=made, older=older)
        remarks += notes_of_gradients(judged, observed, brought)
        follows = not (names.compiled or tape.compiled or older)
        why = with_reasons(tape, judged.parameters, names, model) if follows else {}
        left = uncertain(tape, built, judged.parameters, names, until=_complete(tape, live))
        doubted = never_seen(judged.parameters) if tape.stopped else left.keys()
        remarks += notes_of_exits(
            {name: place for name, place in left.items() if not _trains_elsewhere(why.get(name))}
        )
    return Findings(
        loss=" + ".join(losses),
        place=next(
            (node.place for node in judged.graph.nodes if node.kind is NodeKind.OPERATION), None
        ),
        parameters=Parameters(_with_doubts(judged.parameters, why, doubted)),
        cuts=judged.cuts,
        unregistered=_unregistered(tape, built, judged.graph, brought),
        births=brought.births,
        graph=judged.graph,
        notes=tuple(dict.fromkeys(remarks)),
        torch=torch.__version__.split("+")[0],
    )


def _built(
    tape: Tape, losses: Mapping[str, Any], names: Names, numbers: Mapping[int, tuple[int, ...]]
) -> Built:
    roots = [root for loss in losses.values() for root in _roots(tape, loss, numbers)]
    shape = next((tuple(loss.shape) for loss in losses.values() if isinstance(loss, Tensor)), ())
    built = build(tape, roots, names, " + ".join(losses), shape)
    if not tape.stepped and not tape.trained:
        return built
    # An inner loop: what only a step has brought into the loss
    wider = build(tape, roots, names, " + ".join(losses), shape, moved=True)
    brought = wider.index_of.keys() - built.index_of.keys()
    own = leaf_names(tape, names)
    looped = any(number not in own and is_inner_loop(tape, number) for number in tape.stepped)
    if looped and any(
        wider.numbers[edge.source] in own and wider.numbers[edge.target] in brought
        for edge in wider.edges.values()
    ):
        return wider
    return built if brought.isdisjoint(own) else wider


def _with_doubts(
    parameters: tuple[Parameter, ...], why: Mapping[str, Unused], doubted: Collection[str]
) -> tuple[Parameter, ...]:
    """Return the parameters with why they are unused, or that it is uncertain whether they are."""
    if not why and not doubted:
        return parameters
    return tuple(
        replace(
            parameter,
            unused=_as_far_as_seen(why.get(parameter.name), parameter.name in doubted),
            uncertain=parameter.name in doubted,
        )
        for parameter in parameters
    )


def _as_far_as_seen(why: Unused | None, doubted: bool) -> Unused | None:
    """Return why a parameter is unused as far as it is known: that another loss has it is."""
    return None if doubted and not _trains_elsewhere(why) else why


def _unregistered(tape: Tape, built: Built, graph: Graph, brought: Measured) -> tuple[Leaf, ...]:
    """Return the leaves that gradient reaches and that are no parameter of the model."""
    leaves = [node for node in graph.nodes if node.kind is NodeKind.LEAF]
    reached = built.reached() if leaves else set()
    return tuple(
        Leaf(
            name=leaf.name,
            shape=leaf.shape or (),
            place=leaf.place,
            is_parameter=tape.leaves[built.numbers[leaf.index]].is_parameter,
            made=_made_since(tape, built.numbers[leaf.index]),
        )
        for leaf in leaves
        if leaf.requires_grad and leaf.index in reached and brought.nonzero(leaf.index) is not False
    )


def _made_since(tape: Tape, number: int) -> Place | None:
    """Return the line of a module's forward that made a leaf since the backward before; None of
    what is made of another value.
    """
    leaf, before = tape.leaves[number], [backward.began for backward in tape.backwards[:-1]]
    is_new = not before or number > before[-1]
    return None if leaf.formed is None or leaf.sources or not is_new else _own_line(leaf.formed)


def _complete(tape: Tape, losses: tuple[Tensor, ...]) -> float:
    """Return the tape's number of the moment from which nothing could become part of some losses:
    their first backward began.
    """
    began = [
        min(
            (
                backward.began
                for backward in tape.backwards
                if leads_to(tape, backward.roots, (root,))
            ),
            default=math.inf,
        )
        for root in map(tape.live, losses)
    ]
    return max(began, default=math.inf)


def _trains_elsewhere(why: Unused | None) -> bool:
    """Say whether another loss brings gradient, so that it hardly matters whether this one has the
    value.
    """
    return why is not None and why.reason is UnusedReason.OTHER_LOSS


def _disturbed(holder: object) -> list[Action]:
    """Return what puts back what a report may leave otherwise where it is interrupted.

    The garbage collector is held meanwhile: a report is many objects and no garbage, and each
    collection would walk all of them. Of several threads that hold it the last lets it go.
    """
    return [
        partial(torch_inside.set_grad_enabled, torch.is_grad_enabled()),
        *collector.letting_go(holder),
    ]


def _is_older(tape: Tape, built: Built) -> bool:
    """Say whether something that went into a loss was computed before the trace."""
    steps = (tape.steps.get(number) for number in built.numbers)
    return any(step is not None and is_older(step.stamp, tape.began) for step in steps)


def _is_made(tape: Tape, loss: Any, numbers: Mapping[int, tuple[int, ...]]) -> bool:
    """Say whether the trace has seen something go into a loss."""
    if not isinstance(loss, Tensor):
        return bool(numbers.get(id(loss)))
    return not loss.is_leaf or tape.origin(loss) is not None


def _roots(tape: Tape, loss: Any, numbers: Mapping[int, tuple[int, ...]]) -> list[tuple[int, bool]]:
    """Return what a loss is on the tape, and whether gradient passes."""
    if not isinstance(loss, Tensor):
        return [(source, False) for source in numbers.get(id(loss), ())]
    roots: list[tuple[int, bool]] = []
    if loss.requires_grad:
        roots.append((tape.live(loss), True))
    origin = tape.origin(loss)
    if origin is not None and not (
        loss.requires_grad and (loss.is_leaf or tape.calls[origin].inside is not None)
    ):
        roots.append((origin, False))
    return roots + [(write, False) for write in writes(tape, loss)]


def _parameters(
    tape: Tape,
    built: Built,
    names: Names,
    optimized: set[int] | None,
    brought: Measured,
) -> list[ParameterSeen]:
    observed = []
    inside = lodgers(names.tensors) if optimized else {}
    stepped = {name for name, own in names.tensors.items() if optimized and id(own) in optimized}
    nodes = {name: _node(tape, built, names, own) for name, own in names.tensors.items() if inside}
    for name, parameter in names.tensors.items():
        node = nodes[name] if inside else _node(tape, built, names, parameter)
        is_held = optimized is not None and id(parameter) in optimized
        switched = switched_at(tape, parameter)
        # What was measured of several that go in as one is not the one's own
        shared = bool(names.wholes and parts_of(names.wholes.get(id(parameter))))
        observed.append(
            _parameter(
                name=name,
                names=names.parameters[id(parameter)],
                shape=() if is_lazy(parameter) else tuple(parameter.shape),
                numel=0 if is_lazy(parameter) else parameter.numel(),
                requires_grad=parameter.requires_grad,
                node=node,
                nonzero=False if shared and holds_zeros(parameter) else brought.nonzero(node),
                arrived=node not in brought.awaited,
                norm=None if shared else brought.norm(node),
                rounding=not shared and node in brought.rounding,
                optimized=None if optimized is None else is_held,
                zero=brought.zeros.get(node) if node is not None else None,
                switched_at=_own_line(switched.spot),
                switched_from=switched.caller.place,
                froze_at=_own_line(switched.froze) or _own_line(switched.spot),
                replaced_at=_own_line(born_at(tape, parameter)),
                lodgers=tuple(
                    nodes[own] for own in inside.get(name, ()) if is_held and own not in stepped
                ),
            )
        )
    return observed


def _node(tape: Tape, built: Built, names: Names, parameter: Tensor) -> int | None:
    """Return the node of a parameter; None where its value did not go in."""
    number = tape.leaf_number(names.wholes.get(id(parameter), parameter))
    return None if number is None else built.index_of.get(number)


def _own_line(spot: Spot) -> Place | None:
    """Return the user's own line, where the other is a library's."""
    return None if spot is NOWHERE else spot.calling_place or spot.place


# Parameters that a trace has met and that were carried to other memory since it ended.


def know_again(tape: Tape, names: Names) -> None:
    """Take note of where the parameters of a model lie now.

    Another object may come to stand where a parameter stood that is gone. So one is known again
    only inside a module that ran in the trace: these are known by weak references.
    """
    ran = {
        names.modules[id(module)]
        for module in (reference() for reference in tape.modules)
        if module is not None and id(module) in names.modules
    }
    carried = [
        (tensor, facts)
        for name, tensor in names.tensors.items()
        if isinstance(tensor, nn.Parameter)
        and tape.leaf_number(tensor) is None
        and (facts := tape.tensors.of_object(tensor)) is not None
        and facts.leaf
        and tape.leaves[facts.leaf].is_parameter
        and _is_inside(name, ran)
    ]
    for tensor, facts in carried:
        tape.moved(tensor, facts)


def _is_inside(name: str, paths: set[str]) -> bool:
    steps = name.split(".")
    return any(".".join(steps[:length]) in paths for length in range(len(steps)))
