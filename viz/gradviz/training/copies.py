"""Which parameters of a graph are copies of which others. Pure, on the graph of a loss."""

from collections.abc import Iterator

from gradviz.graph import CutKind, Graph, Node, NodeKind, Place

_MOST_CALLS = 8  # that a copy goes through, one inside the other


def find_copies(graph: Graph) -> dict[str, tuple[str, Place | None]]:
    """Return for each parameter that ``copy.deepcopy()`` made of another the name of that, and the
    line of the copy.
    """
    copies: dict[str, tuple[str, Place | None]] = {}
    for edge in graph.edges:
        original, made = graph.nodes[edge.source], graph.nodes[edge.target]
        if edge.severed is CutKind.DEEPCOPY and original.kind is NodeKind.PARAMETER:
            for copy in _parameters_of(graph, made):
                copies[copy.name] = original.name, made.caller or made.place
    return copies


def _parameters_of(graph: Graph, made: Node) -> Iterator[Node]:
    """Yield the parameters that a copy has become."""
    nodes = [made]
    for _ in range(_MOST_CALLS):
        following = [graph.nodes[edge.target] for node in nodes for edge in graph.out[node.index]]
        nodes = [node for node in following if node.operation == made.operation]
        yield from (node for node in following if node.kind is NodeKind.PARAMETER)
