"""What was made of the values of parameters that an optimizer holds, in their place: one flat
parameter of many, say. Pure, on the graph of a loss.
"""

from collections.abc import Iterator
from dataclasses import replace

from gradviz.facts.training import Heir
from gradviz.graph import CutKind, Graph, Node, NodeKind, Place, Verdict
from gradviz.recording.names import operation_name

_KEEP_VALUES = frozenset(
    "bfloat16 cat clone concat concatenate contiguous copy cpu cuda data deepcopy detach double"
    " flatten float getitem half hstack narrow parameter permute ravel requires_grad reshape select"
    " slice split split_with_sizes squeeze stack t to to_copy transpose unbind unsafe_view"
    " unsqueeze view view_as".split()
)


def find_heirs(graph: Graph) -> dict[str, Heir]:
    """Return for each parameter that is cut off the leaf that was made of its value and gets the
    gradient.
    """
    heirs: dict[str, Heir] = {}
    if not any(_is_cut(node) for node in graph.nodes):
        return heirs
    for leaf in graph.nodes:
        if leaf.verdict is Verdict.REACHED and leaf.kind in (NodeKind.PARAMETER, NodeKind.LEAF):
            name = leaf.name if leaf.kind is NodeKind.PARAMETER else ""
            heir = Heir(name, _line_of(graph, leaf))
            copied = graph.before(
                [leaf.index], through=lambda edge: _keeps(graph.nodes[edge.target])
            )
            behind = (graph.nodes[index] for index in graph.before([leaf.index]))
            heirs.update(
                (node.name, replace(heir, is_copy=node.index in copied))
                for node in behind
                if _is_cut(node)
            )
    return heirs


def _keeps(node: Node) -> bool:
    """Say whether what goes into a node comes out as it is, joined or in another shape."""
    if node.kind is not NodeKind.OPERATION:
        return True
    name = operation_name(node.operation.removesuffix("()").rpartition(".")[2])
    return name.strip("_") in _KEEP_VALUES


def _is_cut(node: Node) -> bool:
    return node.kind is NodeKind.PARAMETER and node.verdict is Verdict.CUT


def _line_of(graph: Graph, leaf: Node) -> Place | None:
    """Return the line of what a leaf was made of last."""
    made_of = [graph.nodes[edge.source] for edge in graph.into[leaf.index]]
    return next((made.caller or made.place for made in reversed(made_of)), None)


# Which parameters of a graph are copies of which others. Pure, on the graph of a loss.


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


# Which tensors were made anew of themselves and their gradient, as a script does that trains a
# plain tensor by assignment: ``w = (w - rate * w.grad).detach().requires_grad_()``. Pure, on the
# graph of a loss.


_MOST_BETWEEN = 12  # between a leaf and the one before it


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
    for _ in range(_MOST_BETWEEN):
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
