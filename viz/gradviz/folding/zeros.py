"""Which values of a graph get a gradient that is all zero: measured, or from where it begins."""

import re
from collections.abc import Mapping, Sequence

from gradviz.graph import Amount, Edge, Graph, Node, NodeKind, Parameter, Verdict, Zero

_AUTOGRAD = re.compile(r"Backward\d*$")


def zero_nodes(graph: Graph, parameters: Mapping[str, Parameter]) -> set[int]:
    """Return the nodes to which an all-zero gradient comes.

    What was measured at a node holds. Elsewhere a parameter's reason says where its zero begins:
    all that gradient reaches through that operation alone gets zeros. Without a reason only the
    parameter itself does.
    """
    zero = {node.index for node in graph.nodes if node.verdict is Verdict.ZERO}
    if zero:
        zero |= _behind_the_beginnings(graph, parameters, zero)
    measured = {node.index: _is_zero(node.incoming) for node in graph.nodes if any(node.incoming)}
    return {index for index in zero if measured.get(index, True)} | {
        index for index, is_zero in measured.items() if is_zero
    }


def _behind_the_beginnings(
    graph: Graph, parameters: Mapping[str, Parameter], leaves: set[int]
) -> set[int]:
    reached = [
        node.index
        for node in graph.nodes
        if node.kind in (NodeKind.PARAMETER, NodeKind.LEAF) and node.verdict is not Verdict.ZERO
    ]
    alive = graph.after(reached, _passes_gradient)
    beginnings: set[int] = set()
    for leaf in leaves:
        parameter = parameters.get(graph.nodes[leaf].name)
        if parameter is not None and parameter.zero is not None:
            beginnings |= _beginning(graph, leaf, parameter.zero)
    upstream = graph.before(beginnings, _passes_gradient) - beginnings
    return upstream - alive | (beginnings & {0})


def _beginning(graph: Graph, leaf: int, zero: Zero) -> set[int]:
    """Return the operation that a reason names, of several that it fits the nearest to the loss."""
    if zero.operation == "backward":  # begun with zeros
        return {0}
    route = graph.after([leaf], _passes_gradient)
    at_place = [index for index in sorted(route) if graph.nodes[index].place == zero.place]
    named = [index for index in at_place if _is_called(graph.nodes[index], zero.operation)]
    return set((named or at_place)[:1])


def _is_called(node: Node, operation: str) -> bool:
    plain = re.sub(r"[^a-z]", "", _AUTOGRAD.sub("", node.operation).lower())
    return plain == re.sub(r"[^a-z]", "", operation.lower())


def _passes_gradient(edge: Edge) -> bool:
    return edge.gradient


def _is_zero(amounts: Sequence[Amount | None]) -> bool:
    return all(amount is None or amount.largest == 0 for amount in amounts)
