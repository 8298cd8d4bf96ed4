"""What follows from the edges of a graph.

Distance from the loss, what is pruned, where the cuts stand, what passes. Pure and linear.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from gradviz.graph import GRAD_MODES, Amount, Edge, Graph, Node, NodeKind, Parameter, Verdict, Zero


class Passing(StrEnum):
    """What passes between two boxes; where several kinds pass, the first in this order is shown."""

    GRADIENT = "gradient"  # the value goes one way, the gradient the other
    ZERO = "zero"  # the same, and all of the gradient is zero
    SEVERED = "severed"  # the value alone, from a cut
    PRUNED = "pruned"  # inside what a cut prunes, or into the cut
    FROZEN = "frozen"  # the value of a frozen parameter
    VALUE = "value"  # a value that needs no gradient


class Flow:
    """The graph, with what follows from it for every node."""

    def __init__(self, graph: Graph, parameters: Mapping[str, Parameter]) -> None:
        self.nodes, self.edges, self.classes = graph.nodes, graph.edges, graph.classes
        self.into, self.out = graph.into, graph.out
        self.distance = self._distances()
        self._zero = zero_nodes(graph, parameters)
        self.pruned = self._sides()
        self.cut_nodes, self.cut_edges = self._cuts()

    def _distances(self) -> list[int]:
        """Return for every node the longest way to the loss, in edges."""
        distance, waiting = [0] * len(self.nodes), [len(edges) for edges in self.out]
        ready = [index for index, count in enumerate(waiting) if not count]
        while ready:
            target = ready.pop()
            for edge in self.into[target]:
                distance[edge.source] = max(distance[edge.source], distance[target] + 1)
                waiting[edge.source] -= 1
                if not waiting[edge.source]:
                    ready.append(edge.source)
        return distance

    def _sides(self) -> list[bool]:
        """Return for every node whether it belongs to what a cut prunes.

        A node that needs no gradient goes with what uses it.
        """
        pruned = [node.pruned and node.verdict is not Verdict.FROZEN for node in self.nodes]
        if not any(pruned):
            return pruned
        alive = [sum(not pruned[edge.target] for edge in edges) for edges in self.out]

        def follows(index: int) -> bool:
            node = self.nodes[index]
            return not (
                pruned[index] or alive[index] or node.kind is NodeKind.LOSS or not self.out[index]
            ) and (not node.requires_grad or node.verdict is Verdict.FROZEN)

        ready = [index for index in range(len(pruned)) if follows(index)]
        while ready:
            target = ready.pop()
            pruned[target] = True
            for edge in self.into[target]:
                alive[edge.source] -= 1
                if follows(edge.source):
                    ready.append(edge.source)
        return pruned

    def _cuts(self) -> tuple[dict[int, tuple[int, ...]], dict[Edge, tuple[int, ...]]]:
        """Return the nodes that sever, and the edges where neither end does, with the cuts that
        they stand for.

        What is done to a stretch of code, such as ``no_grad``, is marked where a value leaves it.
        """
        if all(edge.cut is None for edge in self.edges):
            return {}, {}
        inside = [node.severs in GRAD_MODES for node in self.nodes]
        regions = self._regions(inside)
        nodes: dict[int, set[int]] = {}
        edges: dict[Edge, set[int]] = {}
        of_region: dict[int, set[int]] = {}
        for edge in self.edges:
            if edge.cut is None or edge.severed is None:
                continue
            if inside[edge.target]:
                of_region.setdefault(regions[edge.target], set()).add(edge.cut)
            elif self.nodes[edge.target].severs is not None:
                nodes.setdefault(edge.target, set()).add(edge.cut)
            else:
                edges.setdefault(edge, set()).add(edge.cut)
        for edge in self.edges:
            if (
                inside[edge.source]
                and not inside[edge.target]
                and not edge.gradient
                and edge.target not in nodes
                and edge not in edges
            ):
                cuts_inside = of_region.get(regions[edge.source])
                if cuts_inside:
                    edges[edge] = cuts_inside
        marked = {cut for cuts in (*nodes.values(), *edges.values()) for cut in cuts}
        for edge in self.edges:
            if edge.cut is not None and edge.cut not in marked:
                edges.setdefault(edge, set()).add(edge.cut)
        return (
            {index: tuple(sorted(cuts)) for index, cuts in nodes.items()},
            {edge: tuple(sorted(cuts)) for edge, cuts in edges.items()},
        )

    def _regions(self, inside: list[bool]) -> list[int]:
        """Return for each node the stretch it lies in: nodes that are all inside, and joined."""
        region = list(range(len(self.nodes)))

        def find(index: int) -> int:
            while region[index] != index:
                region[index] = index = region[region[index]]
            return index

        for edge in self.edges:
            if inside[edge.source] and inside[edge.target]:
                region[find(edge.source)] = find(edge.target)
        return [find(index) for index in region]

    def marked(self, edge: Edge) -> Node:
        """Return the node that a mark on an edge stands for.

        What severs it, or the operation of a block that the value leaves.
        """
        source = self.nodes[edge.source]
        return source if source.severs is not None else self.nodes[edge.target]

    def way(self, edge: Edge) -> Passing:
        """Return what passes along an edge that nothing severs."""
        source, target = self.nodes[edge.source], self.nodes[edge.target]
        if edge.gradient:
            if source.pruned or target.pruned:
                return Passing.PRUNED
            return Passing.ZERO if edge.source in self._zero else Passing.GRADIENT
        if source.verdict is Verdict.FROZEN or (
            source.kind is not NodeKind.OPERATION and not source.requires_grad
        ):
            return Passing.FROZEN
        cut = edge.source in self.cut_nodes
        if edge.severed or source.pruned:
            return Passing.SEVERED if cut and not target.pruned else Passing.PRUNED
        return Passing.SEVERED if cut else Passing.VALUE


# Which values of a graph get a gradient that is all zero: measured, or from where it begins.


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
