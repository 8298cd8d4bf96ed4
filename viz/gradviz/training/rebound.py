"""Which tensors were made anew of themselves and their gradient, as a script does that trains a
plain tensor by assignment: ``w = (w - rate * w.grad).detach().requires_grad_()``. Pure, on the
graph of a loss.
"""

from gradviz.graph import CutKind, Graph, NodeKind, Place, Verdict

_MOST_CALLS = 12  # between a leaf and the one before it


def find_rebound(graph: Graph) -> dict[str, Place | None]:
    """Return for each tensor that gets gradient, and that was made of another of its shape and of
    a gradient, by its name, the line that made it.
    """
    rebound: dict[str, Place | None] = {}
    for leaf in graph.nodes:
        made = graph.into[leaf.index]
        is_reached = leaf.kind is NodeKind.PARAMETER and leaf.verdict is Verdict.REACHED
        if is_reached and made and _is_update(graph, leaf.index):
            last = graph.nodes[made[-1].source]
            rebound[leaf.name] = last.caller or last.place
    return rebound


def _is_update(graph: Graph, leaf: int) -> bool:
    """Say whether a leaf of the same shape and a gradient went into what a leaf was made of."""
    shape, front, met = graph.nodes[leaf].shape, [leaf], {leaf}
    has_leaf = has_gradient = False
    for _ in range(_MOST_CALLS):
        edges = [edge for index in front for edge in graph.into[index]]
        has_gradient = has_gradient or any(
            edge.severed is CutKind.GRAD_WITHOUT_GRAPH for edge in edges
        )
        front = list(
            {edge.source for edge in edges if edge.severed is not CutKind.GRAD_WITHOUT_GRAPH} - met
        )
        met.update(front)
        leaves = [index for index in front if graph.nodes[index].kind is not NodeKind.OPERATION]
        has_leaf = has_leaf or any(graph.nodes[index].shape == shape for index in leaves)
    return has_leaf and has_gradient
