"""The last layer before a loss: the one that all gradient for the rest of a model passes.

Pure, on the graph of a loss.
"""

from gradviz.graph import Edge, Graph, NodeKind

_MOST_STEPS = 256  # back from the loss


def last_layer(graph: Graph) -> frozenset[str]:
    """Return the parameters of the module where the way back from the loss forks first, into these
    and the rest of what gets gradient.

    Empty where it forks into anything else, such as two terms of a loss.
    """
    index = 0
    for _ in range(_MOST_STEPS if graph.nodes else 0):
        sources = {edge.source for edge in graph.into[index] if edge.gradient}
        if len(sources) > 1:
            behind = {source: _parameters_behind(graph, source) for source in sources}
            sources = {source for source in sources if behind[source]}
            if len(sources) > 1:
                return _beside_the_rest([behind[source] for source in sources])
        if not sources:
            break
        index = sources.pop()
    return frozenset()


def _parameters_behind(graph: Graph, index: int) -> frozenset[str]:
    """Return the parameters that get their gradient through a node."""
    nodes = (graph.nodes[position] for position in graph.before([index], _passes))
    return frozenset(node.name for node in nodes if node.kind is NodeKind.PARAMETER)


def _passes(edge: Edge) -> bool:
    return edge.gradient


def _beside_the_rest(branches: list[frozenset[str]]) -> frozenset[str]:
    """Return what all branches but one hold, where that is of one module that the other has no part
    of; empty where that can be read in two ways.
    """
    readings: list[frozenset[str]] = []
    for place, rest in enumerate(branches):
        layer = frozenset().union(*branches[:place], *branches[place + 1 :])
        modules = set(map(_module, layer))
        if len(modules) == 1 and modules.isdisjoint(map(_module, rest)):
            readings.append(layer)
    return readings[0] if len(readings) == 1 else frozenset()


def _module(name: str) -> str:
    return name.rpartition(".")[0]
