"""What would stay cut if one cut did not sever. Pure, read off the graph.

Gradient would then go back through the cut, and through what has needed none so far. A route stays
severed where another line severs it again.
"""

from collections.abc import Iterator, Sequence

from gradviz.graph import GRAD_MODES, Cut, CutKind, Edge, Graph, Node, NodeKind
from gradviz.system.grouped import grouped

_NO_GRAD = frozenset((*GRAD_MODES, CutKind.COPY_UNDER_NO_GRAD))


def still_severed(graph: Graph, cuts: Sequence[Cut]) -> Iterator[tuple[str, ...]]:
    """Yield for each cut the names of the parameters behind it whose route stays severed without
    it.

    Args:
        graph: As the analysis marked it.
        cuts: Those of the report that the graph is of.
    """
    alive = graph.before([0], through=lambda edge: _passes(graph, edge))
    severed = grouped((edge.cut, edge) for edge in graph.edges if edge.cut is not None)
    for number, cut in enumerate(cuts):
        yield _still(graph, cut, severed.get(number, []), alive)


def _still(graph: Graph, cut: Cut, severed: list[Edge], alive: set[int]) -> tuple[str, ...]:
    freed = _freed(graph, cut, severed, alive)
    sources = [edge.source for edge in severed if edge.target in freed]
    if len(sources) == len(severed):
        return () if severed else cut.parameters
    behind = graph.before(sources, through=lambda edge: edge.gradient and edge.severed is None)
    names = {
        graph.nodes[index].name for index in behind if graph.nodes[index].kind is NodeKind.PARAMETER
    }
    return tuple(name for name in cut.parameters if name not in names)


def _freed(graph: Graph, cut: Cut, severed: list[Edge], alive: set[int]) -> set[int]:
    """Return the nodes from which gradient would come back to what a cut severs."""
    nodes = graph.nodes
    targets = {edge.target for edge in severed}
    blocks = {nodes[target].block for target in targets}
    places = {nodes[target].place for target in targets}

    def is_own(node: Node) -> bool:
        if cut.kind in GRAD_MODES:
            return node.severs in _NO_GRAD and node.block in blocks
        return node.severs is cut.kind and node.place in places

    def passes(edge: Edge) -> bool:
        return (
            edge in own
            or _passes(graph, edge)
            or (edge.severed is None and is_own(nodes[edge.target]))
        )

    own = set(severed)
    region, waiting = set(targets), [target for target in targets if target not in alive]
    while waiting:
        for edge in graph.out[waiting.pop()]:
            if edge.target not in region and passes(edge):
                region.add(edge.target)
                if edge.target not in alive:
                    waiting.append(edge.target)
    return graph.before(region & alive, through=lambda edge: edge.source in region and passes(edge))


def _passes(graph: Graph, edge: Edge) -> bool:
    """Say whether gradient would go along an edge if the value on it required grad."""
    return edge.severed is None and (edge.gradient or graph.nodes[edge.target].severs is None)
