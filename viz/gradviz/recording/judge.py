"""From a finished tape, a loss and a model to findings.

Build the graph, add what backwards brought, have it analysed.
"""

import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gradviz.analysis import ParameterSeen, analyse
from gradviz.findings import Findings
from gradviz.graph import Graph, Leaf, NodeKind, NotFinite, Parameter, Parameters, Place, Verdict
from gradviz.recording import torch_inside
from gradviz.recording.backward import ask
from gradviz.recording.build import Built, Model, Names, build, names_of
from gradviz.recording.measured import Measured, measured
from gradviz.recording.tape import Tape
from gradviz.recording.uncertain import told, uncertain
from gradviz.recording.uninterrupted import Action, Undo
from gradviz.recording.unused import with_reasons
from gradviz.recording.where import Spot


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
    """Report on one loss, or on several together.

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
    name = " + ".join(losses)
    with torch_inside.without_torch_function(), Undo(_disturbed()):
        gc.disable()
        names = names_of(model)
        roots = [root for loss in losses.values() for root in _roots(tape, loss, numbers or {})]
        live = tuple(
            loss for loss in losses.values() if isinstance(loss, Tensor) and loss.requires_grad
        )
        shape = next(
            (tuple(loss.shape) for loss in losses.values() if isinstance(loss, Tensor)), ()
        )
        built = build(tape, roots, names, name, shape)
        said = [*notes, *torch_inside.notes()]
        refused = ask(tape, built, live, model, names) if measure else ""
        brought = measured(tape, built, live, said, refused)
        seen = _parameters(tape, built, names, optimized, brought)
        found = analyse(built.graph, seen)
        said += _notes(losses, found.parameters, model, names)
        if names.compiled or tape.compiled:
            what = (
                "The model is compiled; it was traced"
                if names.compiled
                else "torch.compile was called; what it compiles was traced"
            )
            said.append(f"{what} eagerly, through torch.compiler.set_stance('force_eager').")
        said += [
            f"What runs inside the script called at {spot.place} cannot be read: what it severs is"
            " not seen."
            for spot in tape.opaque
        ]
        if tape.began is not None and tape.made_before:
            said.append(
                "Part of this loss was computed outside the trace: what was cut there is not known,"
                " and is called unused."
            )
        elif tape.began is not None and not any(
            _is_made(tape, loss, numbers or {}) for loss in losses.values()
        ):
            said.append(
                "This loss was not made inside the trace, or of nothing that could train: the trace"
                " has seen none of it."
            )
        why = (
            {}
            if names.compiled or tape.compiled
            else with_reasons(tape, found.parameters, names, model)
        )
        said += _frozen_late(found.parameters, seen, found.graph)
        said += _spoiled(found.parameters, brought.births)
        if (brought.zeros or brought.births) and not torch_inside.READS_SAVED:
            said.append(
                "This torch does not let the values of operations be read: why zeros, NaN or"
                " infinity begin is what is usual."
            )
        left = uncertain(tape, built, found.parameters, names)
        said += told(left)
    outside = any(node.kind is NodeKind.LEAF for node in found.graph.nodes)
    reached = built.reached() if outside else set()
    unregistered = tuple(
        Leaf(name=node.name, shape=node.shape or (), place=node.place)
        for node in found.graph.nodes
        if node.kind is NodeKind.LEAF and node.requires_grad and node.index in reached
    )
    place = next(
        (node.place for node in found.graph.nodes if node.kind is NodeKind.OPERATION), None
    )
    return Findings(
        loss=name,
        place=place,
        parameters=Parameters(
            tuple(
                replace(
                    one,
                    unused=None if one.name in left else why.get(one.name),
                    uncertain=one.name in left,
                )
                for one in found.parameters
            )
            if why or left
            else found.parameters
        ),
        cuts=found.cuts,
        unregistered=unregistered,
        births=brought.births,
        graph=found.graph,
        notes=tuple(dict.fromkeys(said)),
        torch=torch.__version__.split("+")[0],
    )


def _disturbed() -> list[Action]:
    """Return what puts back what a report may leave otherwise where it is interrupted.

    The garbage collector is held meanwhile: a report is many objects and no garbage, and each
    collection would walk all of them.
    """
    return [
        partial(torch_inside.set_grad_enabled, torch.is_grad_enabled()),
        gc.enable if gc.isenabled() else gc.disable,
    ]


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
    return roots + [(write, False) for write in tape.writes(loss)]


def _parameters(
    tape: Tape,
    built: Built,
    names: Names,
    optimized: set[int] | None,
    brought: Measured,
) -> list[ParameterSeen]:
    seen = []
    for name, parameter in names.tensors.items():
        number = tape.leaf_number(names.wholes.get(id(parameter), parameter))
        node = None if number is None else built.index_of.get(number)
        seen.append(
            ParameterSeen(
                name=name,
                names=names.parameters[id(parameter)],
                shape=() if is_lazy(parameter) else tuple(parameter.shape),
                numel=0 if is_lazy(parameter) else parameter.numel(),
                requires_grad=parameter.requires_grad,
                node=node,
                nonzero=brought.nonzero(node),
                arrived=node not in brought.awaited,
                norm=brought.norm(node),
                optimized=None if optimized is None else id(parameter) in optimized,
                zero=brought.zeros.get(node) if node is not None else None,
                switched_at=_own_line(tape.switched_at(parameter).spot),
                switched_from=tape.switched_at(parameter).caller.place,
                froze_at=_own_line(tape.switched_at(parameter).froze)
                or _own_line(tape.switched_at(parameter).spot),
                replaced_at=_own_line(tape.born_at(parameter)),
            )
        )
    return seen


def _own_line(spot: Spot) -> Place | None:
    """The user's own line, where the other is a library's."""
    return spot.calling_place or spot.place


def _notes(
    losses: Mapping[str, Any],
    parameters: tuple[Parameter, ...],
    model: Model | None,
    names: Names,
) -> list[str]:
    said = []
    for name, loss in losses.items():
        if (
            isinstance(loss, Tensor)
            and loss.requires_grad
            and loss.grad_fn is None
            and not isinstance(loss, nn.Parameter)
        ):
            said.append(
                f"{name} requires grad, but it is a leaf: requires_grad=True was set by hand, no"
                " parameter is behind it, and backward() will succeed without training anything."
            )
        elif isinstance(loss, Tensor) and not loss.requires_grad:
            said.append(
                f"{name} does not require grad: backward() raises 'element 0 of tensors does not"
                " require grad'."
            )
    said += [
        f"{path}.requires_grad = False sets an attribute of the module and freezes nothing; call"
        f" {path}.requires_grad_(False)."
        for path in names.switched_off
    ]
    if model is not None and not parameters:
        said.append("The model has no parameters.")
    elif parameters and all(one.verdict is Verdict.UNUSED for one in parameters):
        said.append("None of the model's parameters went into this loss: is it the right model?")
    return said


def _frozen_late(
    parameters: Sequence[Parameter], seen: Sequence[ParameterSeen], graph: Graph
) -> Iterator[str]:
    """Say which parameters were frozen only after the forward had used them."""
    nodes = {one.name: one.node for one in seen if one.node is not None}
    # of this loss: an earlier one may have used them when they were not frozen
    live = {edge.source for edge in graph.edges if edge.gradient}
    late: dict[Place | None, list[str]] = {}
    for one in parameters:
        if one.verdict is Verdict.FROZEN and nodes.get(one.name) in live:
            late.setdefault(one.frozen_at, []).append(one.name)
    for place, some in late.items():
        at = "" if place is None else f" at {place}"
        yield (
            f"Frozen{at} only after the loss had used them:"
            f" {', '.join(some[:4])}{' ...' if some[4:] else ''}. They stay in the graph, and this"
            " backward gives them nothing."
        )


def _spoiled(parameters: tuple[Parameter, ...], births: tuple[NotFinite, ...]) -> list[str]:
    """Say which gradients are not finite, and where NaN or infinity was born."""
    wild = [
        one.name
        for one in parameters
        if one.gradient_norm is not None and not math.isfinite(one.gradient_norm)
    ]
    said = []
    if wild:
        names = ", ".join(wild[:4]) + (" ..." if wild[4:] else "")
        said.append(
            f"The gradient of {names} is not finite: a step with it makes these parameters NaN or"
            " infinite."
        )
    for one in births:
        what = "the result" if one.forward else "the backward"
        at = (
            ""
            if one.place is None
            else f" at {one.place}" + (f" ({one.place.code})" if one.place.code else "")
        )
        said.append(
            f"NaN or infinity is born in {what} of {one.operation}{at}: {one.why}. {one.mend}"
        )
    return said
