"""From a finished tape, a loss and a model to findings: build the graph, measure what arrives, have it analysed."""

import gc
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gradviz.analysis import ParameterSeen, analyse
from gradviz.findings import Findings
from gradviz.graph import CutKind, Leaf, Node, NodeKind, Parameter, Parameters, Place, Verdict, Zero
from gradviz.recording import backward, torch_inside
from gradviz.recording.build import Built, Model, Names, build, leaf_names, names_of
from gradviz.recording.tape import Step, Tape
from gradviz.recording.where import NOWHERE, Spot
from gradviz.recording.zeros import find_zeros


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
        optimized: The parameters that some optimizer holds, by identity; None where no optimizer is known.
        measure: Run a backward (that changes nothing) to tell zero from reached.
        notes: What is to be said besides.
        numbers: Of a loss that is a plain number, by identity: what left torch and is in it.
    """
    name = " + ".join(losses)
    with _no_collection(), torch_inside.without_torch_function():
        names = names_of(model)
        roots = [root for loss in losses.values() for root in _roots(tape, loss, numbers or {})]
        live = tuple(loss for loss in losses.values() if isinstance(loss, Tensor) and loss.requires_grad)
        shape = next((tuple(loss.shape) for loss in losses.values() if isinstance(loss, Tensor)), ())
        built = build(tape, roots, names, name, shape)
        said = [*notes, *torch_inside.notes()]
        arrivals, zeros, measured = _measure(tape, built, live, model, names, said) if measure else ({}, {}, False)
        seen = _parameters(tape, built, names, optimized, arrivals, zeros, measured=measured)
        found = analyse(built.graph, seen)
        said += _notes(losses, found.parameters, model, names)
        if names.compiled or tape.compiled:
            what = "The model is compiled; it was traced" if names.compiled else "torch.compile was called; what it compiles was traced"
            said.append(f"{what} eagerly, through torch.compiler.set_stance('force_eager').")
        said += [f"What runs inside the script called at {spot.place} cannot be read: what it severs is not seen." for spot in tape.opaque]
        if tape.began is not None and tape.made_before:
            said.append("Part of this loss was computed outside the trace: what was cut there is not known, and is called unused.")
        elif tape.began is not None and not any(_is_made(tape, loss, numbers or {}) for loss in losses.values()):
            said.append("This loss was not made inside the trace, or of nothing that could train: the trace has seen none of it.")
        wild = [one.name for one in found.parameters if one.gradient_norm is not None and not math.isfinite(one.gradient_norm)]
        if wild:
            names_told = ", ".join(wild[:4]) + (" ..." if wild[4:] else "")
            said.append(f"The gradient of {names_told} is not finite (NaN or infinity): it arrives, and it spoils them.")
        said += _unseen(tape, built, found.parameters, names)
    outside = any(node.kind is NodeKind.LEAF for node in found.graph.nodes)
    reached = built.reached() if outside else set()
    unregistered = tuple(
        Leaf(name=node.name, shape=node.shape or (), place=node.place)
        for node in found.graph.nodes
        if node.kind is NodeKind.LEAF and node.requires_grad and node.index in reached
    )
    place = next((node.place for node in found.graph.nodes if node.kind is NodeKind.OPERATION), None)
    return Findings(
        loss=name,
        place=place,
        parameters=Parameters(found.parameters),
        cuts=found.cuts,
        unregistered=unregistered,
        graph=found.graph,
        notes=tuple(dict.fromkeys(said)),
        torch=torch.__version__.split("+")[0],
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hold the garbage collector: a report is many objects and no garbage, and each collection would walk all of them."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


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
    if origin is not None and not (loss.requires_grad and (loss.is_leaf or tape.calls[origin].inside is not None)):
        roots.append((origin, False))
    return roots + [(write, False) for write in tape.writes(loss)]


def _modules(model: Model | None) -> list[nn.Module]:
    given = [model] if isinstance(model, nn.Module) else list((model or {}).values())
    return [one for one in given if isinstance(one, nn.Module)]


def _measure(
    tape: Tape, built: Built, live: tuple[Tensor, ...], model: Model | None, names: Names, said: list[str]
) -> tuple[dict[int, backward.Arrival], dict[int, Zero], bool]:
    """Say what arrives at each leaf and where zeros begin; what turns out severed is marked in the graph."""
    leaves = _leaves(tape, built, live, names)
    if not live or not leaves:
        return {}, {}, False
    if any(loss.device.type == "meta" for loss in live):
        said.append("The loss is on the meta device: zero cannot be told from reached.")
        return {}, {}, False
    roots = tuple(tape.live(loss) for loss in live)
    for seen in reversed(tape.backwards):
        if tape.leads_to(seen.roots, roots):  # the step called backward itself: what it left is what arrived
            arrived = backward.recall(seen, {built.numbers[index]: leaf for index, leaf in leaves.items()})
            return {index: arrived[number] for index in leaves if (number := built.numbers[index]) in arrived}, {}, True
    steps = [(index, step) for index, number in enumerate(built.numbers) if (step := tape.steps.get(number)) is not None]
    real = any(step.checkpoint for _, step in steps)
    if any(step.checkpoint and _closes_over_history(tape, built, index, step) for index, step in steps):
        said.append(
            "Zero is not told from reached: a reentrant checkpoint reads a value from outside, and a backward for the report "
            "would free that value's graph before yours."
        )
        return {}, {}, False
    custom = any(step.custom and not step.checkpoint for _, step in steps)
    with backward.undisturbed(_modules(model)):
        try:
            arrivals = backward.measure(live, leaves, real=real)
        except RuntimeError as error:
            if torch_inside.graph_was_freed(error):
                why = "backward() had freed the graph; ask for the report before it, or call backward() inside the trace"
            else:
                why = str(error).splitlines()[0]
            said.append(f"Zero is not told from reached, because no backward could be run: {why}.")
            return {}, {}, False
        zero = {index for index, arrival in arrivals.items() if arrival.nonzero is False}
        missing = {index for index, tensor in leaves.items() if tensor.requires_grad and index not in arrivals}
        hooked = [built.index_of[number] for number in tape.hooks if number in built.index_of]
        zeros: dict[int, Zero] = {}
        if zero or missing or hooked or custom:
            nodes, edges_of = _autograd_nodes(tape, built, live)
            flows = backward.flows(live, leaves, nodes, real=real)
            _sever_what_returned_none(tape, built, flows, edges_of)
            moved = _insert_hooks(tape, built, flows, edges_of, arrivals)
            nonzero = {index for index, arrival in arrivals.items() if arrival.nonzero}
            zeros = find_zeros(built, flows, edges_of, zero, nonzero)
            zeros.update({leaf: moved[leaf] for leaf in zero if leaf in moved})
    return arrivals, zeros, True


def _leaves(tape: Tape, built: Built, live: tuple[Tensor, ...], names: Names) -> dict[int, Tensor]:
    """Return the leaves that gradient passes to and that are there, by node: edges lead to them, or they are the model's."""
    there = {number: tensor for tensor in (*names.tensors.values(), *names.wholes.values()) if (number := tape.leaf_number(tensor))}
    there |= tape.held | tape.leaves_before(live)
    return {index: there[number] for index in sorted(built.reached()) if (number := built.numbers[index]) in there}


def _closes_over_history(tape: Tape, built: Built, index: int, step: Step) -> bool:
    """Say whether what a reentrant checkpoint runs again reads a value that has a graph of its own."""
    read = [edge.source for edge in built.edges.values() if edge.target == index and edge.gradient]
    return any(built.numbers[source] in tape.steps and built.numbers[source] not in step.nexts for source in read)


def _autograd_nodes(tape: Tape, built: Built, live: tuple[Tensor, ...]) -> tuple[dict[int, Any], dict[int, list[int | None]]]:
    """Return the autograd nodes by index in the graph, and where each of their edges leads."""
    nodes: dict[int, Any] = {}
    edges_of: dict[int, list[int | None]] = {}
    stack = [loss.grad_fn for loss in live]
    while stack:
        node = stack.pop()
        if node is None or hasattr(node, "variable"):
            continue
        index = built.index_of[tape.stamp(node, None).serial]
        if index in nodes:
            continue
        nodes[index] = node
        leads: list[int | None] = []
        for before, _ in node.next_functions:
            if before is None:
                leads.append(None)
                continue
            number = tape.leaf(before.variable) if hasattr(before, "variable") else tape.stamp(before, None).serial
            leads.append(built.index_of.get(number))
            stack.append(before)
        edges_of[index] = leads
    return nodes, edges_of


def _sever_what_returned_none(
    tape: Tape, built: Built, flows: Mapping[int, backward.Flow], edges_of: Mapping[int, list[int | None]]
) -> None:
    """A node that got gradient and passed None on severs that input."""
    for index, flow in flows.items():
        node = built.nodes[index]
        step = tape.steps.get(built.numbers[index])
        # A custom Function gets zeros in place of None, so one that passes None on of these severs as well.
        if (flow.came is None and not (step is not None and step.custom)) or node.operation.startswith(torch_inside.CHECKPOINT_NODE):
            continue
        passed: dict[int, list[bool]] = {}
        for source, went in zip(edges_of[index], flow.went, strict=False):
            if source is not None:
                passed.setdefault(source, []).append(went is not None)
        for source, went_on in passed.items():
            edge = built.edges.get((source, index))
            if all(went_on) or edge is None or not edge.gradient:
                continue
            ran = flows.get(source)
            if ran is not None and ran.came is None and any(went is not None for went in ran.went):
                # What lies before it makes zeros of the None: something arrives, though this severs.
                built.edges[source, index] = replace(edge, severed=CutKind.CUSTOM_FUNCTION)
                continue
            if not any(went_on):
                built.edges[source, index] = replace(edge, gradient=False, severed=CutKind.CUSTOM_FUNCTION)
                continue
            # The same value went in twice, and one of the two is severed: it needs an edge of its own.
            blind = replace(node, index=len(built.nodes), requires_grad=False, severs=CutKind.CUSTOM_FUNCTION)
            built.nodes.append(blind)
            built.numbers.append(-blind.index)
            built.connect(source, blind.index, gradient=False, severed=CutKind.CUSTOM_FUNCTION)
            built.connect(blind.index, index, gradient=False)


def _insert_hooks(
    tape: Tape,
    built: Built,
    flows: Mapping[int, backward.Flow],
    edges_of: Mapping[int, list[int | None]],
    arrivals: Mapping[int, backward.Arrival],
) -> dict[int, Zero]:
    """Where a hook turned gradient into zeros, put it into the graph as the operation that severs. Returns the leaves behind."""
    sent = {source for other, flow in flows.items() for source, went in zip(edges_of[other], flow.went, strict=False) if went}
    behind: dict[int, Zero] = {}
    for number, spots in tape.hooks.items():
        index = built.index_of.get(number)
        if index is None or index not in sent:
            continue
        came = flows[index].came if index in flows else arrivals[index].nonzero if index in arrivals else None
        if came is False:
            behind.update(_insert_hook(built, "register_hook()", spots[-1], index, None))
    for index, flow in flows.items():
        # torch puts a function of its own before a module that has a full backward hook; the hook changes what that passes on
        if flow.came and not any(flow.went) and built.nodes[index].operation == torch_inside.HOOK_NODE:
            spot = _module_hook(tape, built.spots.get(index, NOWHERE))
            for source in sorted({source for source in edges_of[index] if source is not None}):
                behind.update(_insert_hook(built, "register_full_backward_hook()", spot, source, index))
    return behind


def _module_hook(tape: Tape, spot: Spot) -> Spot:
    """Return where the hook of the module at a spot was registered, or else where its function begins."""
    registered = tape.module_hooks.get(spot.module)
    if registered:
        return registered[-1]
    module = tape.modules[spot.module]() if 0 <= spot.module < len(tape.modules) else None
    for hook in torch_inside.backward_hooks_of(module) if module is not None else ():
        code = getattr(hook, "__code__", None)
        if code is not None:
            return Spot(code, 0)
    return spot


def _insert_hook(built: Built, operation: str, spot: Spot, source: int, only: int | None) -> dict[int, Zero]:
    """Put a hook between a node and what its value goes into (or one of these). Returns the leaves before it."""
    hook = len(built.nodes)
    place = spot.place
    node = Node(index=hook, kind=NodeKind.OPERATION, operation=operation, place=place, caller=spot.calling_place, severs=CutKind.HOOK)
    built.nodes.append(node)
    built.numbers.append(-hook)
    for (before, target), edge in list(built.edges.items()):
        if before == source and edge.gradient and target != hook and only in (None, target):
            del built.edges[before, target]
            built.connect(hook, target, gradient=True)
    built.connect(source, hook, gradient=True, severed=CutKind.HOOK)
    zero = Zero(operation="hook", why="a hook replaces the gradient by zeros", place=place)
    return {index: zero for index in built.before([source]) if built.nodes[index].kind is not NodeKind.OPERATION}


def _parameters(
    tape: Tape,
    built: Built,
    names: Names,
    optimized: set[int] | None,
    arrivals: Mapping[int, backward.Arrival],
    zeros: Mapping[int, Zero],
    *,
    measured: bool,
) -> list[ParameterSeen]:
    seen = []
    for name, parameter in names.tensors.items():
        number = tape.leaf_number(names.wholes.get(id(parameter), parameter))
        node = None if number is None else built.index_of.get(number)
        arrival = arrivals.get(node) if node is not None else None
        seen.append(
            ParameterSeen(
                name=name,
                names=names.parameters[id(parameter)],
                shape=() if is_lazy(parameter) else tuple(parameter.shape),
                numel=0 if is_lazy(parameter) else parameter.numel(),
                requires_grad=parameter.requires_grad,
                node=node,
                nonzero=None if arrival is None else arrival.nonzero,
                arrived=arrival is not None or not measured,
                norm=None if arrival is None else arrival.norm,
                optimized=None if optimized is None else id(parameter) in optimized,
                zero=zeros.get(node) if node is not None else None,
                switched_at=_own_line(tape.switched_at(parameter)),
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
        if isinstance(loss, Tensor) and loss.requires_grad and loss.grad_fn is None and not isinstance(loss, nn.Parameter):
            said.append(
                f"{name} requires grad, but it is a leaf: requires_grad=True was set by hand, no parameter is behind it, "
                "and backward() will succeed without training anything."
            )
        elif isinstance(loss, Tensor) and not loss.requires_grad:
            said.append(f"{name} does not require grad: backward() raises 'element 0 of tensors does not require grad'.")
    said += [
        f"{path}.requires_grad = False sets an attribute of the module and freezes nothing; call {path}.requires_grad_(False)."
        for path in names.switched_off
    ]
    if model is not None and not parameters:
        said.append("The model has no parameters.")
    elif parameters and all(one.verdict is Verdict.UNUSED for one in parameters):
        said.append("None of the model's parameters went into this loss: is it the right model?")
    again = [one.name for one in parameters if one.verdict is Verdict.FROZEN and names.tensors[one.name].requires_grad]
    if again:
        said.append(f"Frozen while they were used, and switched on again since: {', '.join(again[:6])}{' ...' if again[6:] else ''}.")
    return said


def _unseen(tape: Tape, built: Built, parameters: tuple[Parameter, ...], names: Names) -> list[str]:
    """Say which unused parameters had a value leave torch in a form that cannot be followed: an index, a plain float."""
    never = {parameter.name for parameter in parameters if parameter.verdict is Verdict.UNUSED}
    unused = {number: name for number, name in leaf_names(tape, names).items() if name in never}
    said = []
    for number, call in tape.calls.items():
        if not unused or number in built.index_of or call.name not in ("tolist", "__float__", "__int__", "__index__"):
            continue
        behind = []
        seen, stack = {number}, [number]
        while stack:
            here = stack.pop()
            if here in unused:
                behind.append(unused[here])
            before = (
                tape.steps[here].nexts
                if here in tape.steps
                else tuple(one for one, _ in tape.calls[here].inputs)
                if here in tape.calls
                else ()
            )
            for one in before:
                if one not in seen:
                    seen.add(one)
                    stack.append(one)
        if behind:
            place = call.spot.place
            said.append(
                f"{call.operation} at {place} takes a value of {', '.join(sorted(behind)[:4])}{' ...' if behind[4:] else ''} out of torch; "
                "whether Python chose by it what went into the loss cannot be seen. If it did, they are cut, not unused."
            )
    return said
