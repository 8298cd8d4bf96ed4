"""Whether what a cut severs is severed once more on every way from there to the loss."""

from collections.abc import Iterable

from gradviz.causes import LEAVING
from gradviz.graph import CutKind, Edge, Graph, NodeKind

_ANEW = frozenset((CutKind.DATA, CutKind.NEW_TENSOR, CutKind.DEEPCOPY))


def leaves(graph: Graph, edges: Iterable[Edge]) -> bool:
    """Say whether every way from a cut to the loss leads out of torch, by a number or an array."""

    def stays(edge: Edge) -> bool:
        return (edge.severed or graph.nodes[edge.target].severs) not in LEAVING

    within = graph.after((edge.target for edge in edges), through=stays)
    return all(graph.nodes[index].kind is not NodeKind.LOSS for index in within)


def made_anew(graph: Graph, edges: Iterable[Edge]) -> str:
    """Return what makes a value anew, without history, on every way from a cut to the loss; empty
    for nothing.
    """
    operations: dict[str, None] = {}

    def stays(edge: Edge) -> bool:
        node = graph.nodes[edge.target]
        anew = (edge.severed or node.severs) in _ANEW
        operations.update(dict.fromkeys((node.operation,) if anew else ()))
        return not anew

    within = graph.after((edge.target for edge in edges), through=stays)
    is_left = all(graph.nodes[index].kind is not NodeKind.LOSS for index in within)
    return next(iter(operations), "") if is_left else ""
