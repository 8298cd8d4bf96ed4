"""What was made of the values of parameters that an optimizer holds, in their place: one flat
parameter of many, say. Pure, on the graph of a loss.
"""

from dataclasses import replace

from gradviz.facts.training import Heir
from gradviz.graph import Graph, Node, NodeKind, Place, Verdict
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
