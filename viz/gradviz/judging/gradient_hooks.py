"""Hooks that turned gradient into zeros, in the graph as the operations that sever, and those that
made NaN or infinity of it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from gradviz.graph import CutKind, Node, NodeKind, NotFinite, Zero
from gradviz.judging.build import Built
from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.passage import Passage
from gradviz.recording.backwards.takings import AT_NODE, AT_VALUE
from gradviz.recording.reading.where import NOWHERE, Spot
from gradviz.recording.tape import Tape
from gradviz.system.grouped import grouped

TENSOR_HOOK = "register_hook()"
NODE_HOOK = "register_prehook()"
_HIDDEN = "a hook replaces the gradient, which is NaN or infinite where it comes in, by zeros"


def insert_hooks(
    tape: Tape,
    built: Built,
    flows: Mapping[int, Passage],
    arrivals: Mapping[int, float],
    sent: Set[tuple[int, int]],
) -> dict[int, Zero]:
    """Where a hook turned gradient into zeros, put it into the graph as the operation that severs.

    Args:
        tape: What was recorded.
        built: The graph.
        flows, arrivals: What passed its nodes, and came to its leaves.
        sent: The hooks on values (AT_VALUE) and before nodes (AT_NODE), by number, that gradient
            came to.

    Returns the leaves behind.
    """
    behind: dict[int, Zero] = {}
    hidden = hide(tape, built, flows, arrivals)
    at_nodes = tape.registered.before_nodes
    hooks = (
        *((TENSOR_HOOK, AT_VALUE, *item) for item in tape.hooks.items()),
        *((NODE_HOOK, AT_NODE, *item) for item in at_nodes.items()),
    )
    for name, hooked, number, spots in hooks:
        index = built.index_of.get(number)
        # Those before the node run after those on its value
        passed_on = hooked == AT_VALUE and (number, AT_NODE) in sent
        if index is None or (number, hooked) not in sent or passed_on:
            continue
        came = flows[index].came if index in flows else arrivals.get(index)
        if came == 0:
            zeros = _insert_hook(built, name, spots, index, None)
            behind.update(
                {leaf: replace(zero, why=_HIDDEN) for leaf, zero in zeros.items()}
                if index in hidden
                else zeros
            )
    for index, flow in flows.items():
        # torch puts a function of its own before a module that has a full backward hook; the hook
        # changes what that passes on
        if (
            built.nodes[index].operation == torch_inside.HOOK_NODE
            and flow.came
            and not any(flow.went)
        ):
            for source in sorted({source for source in flow.leads if source is not None}):
                hook = _module_hook(tape, built, index, source)
                behind.update(_insert_hook(built, *hook, source, index))
        elif flow.hooks:
            for edge in sorted(flow.emptied):
                lead = flow.leads[edge]
                if lead is not None and flow.went[edge] == 0:
                    behind.update(_insert_hook(built, TENSOR_HOOK, flow.hooks, lead, index))
    return behind


def hide(
    tape: Tape, built: Built, flows: Mapping[int, Passage], arrivals: Mapping[int, float]
) -> set[int]:
    """Return the values whose hook is sent what is not finite, and hands on what is."""
    hooked = {index for number in tape.hooks if (index := built.index_of.get(number)) is not None}
    if not hooked:
        return hooked
    sent = {
        source
        for flow in flows.values()
        for source, went in zip(flow.leads, flow.went, strict=False)
        if source in hooked and went is not None and not math.isfinite(went)
    }
    came = {index: flows[index].came if index in flows else arrivals.get(index) for index in sent}
    return {index for index, size in came.items() if size is not None and math.isfinite(size)}


def spoiling_hooks(
    tape: Tape, built: Built, flows: Mapping[int, Passage], arrivals: Mapping[int, float]
) -> Iterator[NotFinite]:
    """Yield the births of NaN or infinity in a hook: all that was sent to a value is finite, and
    what arrived is not.
    """
    sent = grouped(
        (source, went)
        for flow in flows.values()
        for source, went in zip(flow.leads, flow.went, strict=False)
        if source is not None and went is not None
    )
    for number, spots in tape.hooks.items():
        index = built.index_of.get(number)
        if index is None or index not in sent:
            continue
        came = flows[index].came if index in flows else arrivals.get(index)
        if came is not None and not math.isfinite(came) and all(map(math.isfinite, sent[index])):
            behind, (spot, several) = built.before([index]), _registered(spots)
            yield NotFinite(
                operation=TENSOR_HOOK,
                why=f"what comes to the {'hooks' if several else 'hook'} is finite, and what"
                f" {'leaves them' if several else 'it returns'} is not",
                mend=f"Look at what each computes of those{several}."
                if several
                else "Look at what the hook computes.",
                place=spot.place,
                caller=spot.calling_place,
                scope=built.nodes[index].scope,
                parameters=tuple(
                    built.nodes[leaf].name
                    for leaf in sorted(behind & arrivals.keys())
                    if built.nodes[leaf].kind is NodeKind.PARAMETER
                    and not math.isfinite(arrivals[leaf])
                ),
            )


def _registered(spots: Sequence[Spot]) -> tuple[Spot, str]:
    """Return where the hook was registered that did it. Of hooks from several lines none is known
    to be the one: then nowhere, and the lines in words.
    """
    places = dict.fromkeys(spot.place for spot in spots)
    if len(places) == 1:
        return spots[-1], ""
    return NOWHERE, f" registered at {' and '.join(map(str, filter(None, places)))}"


def _module_hook(tape: Tape, built: Built, index: int, source: int) -> tuple[str, Sequence[Spot]]:
    """Return the hook of a module that a node of torch's runs, as a person writes it, and where it
    and others of its sort were registered, or else where its function begins.

    Args:
        index: The node.
        source: What it passes gradient to: something inside the module where the hook is one
            before the module's backward.
    """
    spot = built.spots.get(index, NOWHERE)
    scope, inner = built.nodes[index].scope, built.nodes[source].scope
    before = bool(scope) and f"{inner}.".startswith(f"{scope}.")
    names = sorted(torch_inside.MODULE_HOOKS, key=lambda name: ("pre" in name) != before)
    module = tape.modules[spot.module]() if 0 <= spot.module < len(tape.modules) else None
    for name in names:
        registered = tape.module_hooks.get((spot.module, name))
        if registered:
            return f"{name}()", registered
        hooks = () if module is None else torch_inside.backward_hooks_of(module, name)
        for hook in hooks:
            code = getattr(hook, "__code__", None)
            if code is not None:
                return f"{name}()", (Spot(code, 0),)
    return f"{names[0]}()", (spot,)


def _insert_hook(
    built: Built, operation: str, spots: Sequence[Spot], source: int, only: int | None
) -> dict[int, Zero]:
    """Put a hook between a node and what its value goes into (or one of these).

    Returns the leaves before it.
    """
    spot, several = _registered(spots)
    place = spot.place
    node = Node(
        index=len(built.nodes),
        kind=NodeKind.OPERATION,
        operation=operation,
        place=place,
        caller=spot.calling_place,
        severs=CutKind.HOOK,
    )
    hook = built.add(node)
    for edge in built.links.out[source]:
        if edge.gradient and edge.target != hook and only in (None, edge.target):
            built.drop(edge)
            built.connect(hook, edge.target, gradient=True)
    built.connect(source, hook, gradient=True, severed=CutKind.HOOK)
    what = f"one of the hooks{several}" if several else "a hook"
    zero = Zero(operation="hook", why=f"{what} replaces the gradient by zeros", place=place)
    return {
        index: zero
        for index in built.before([source])
        if built.nodes[index].kind is not NodeKind.OPERATION
    }
