"""What was made of the values of parameters that an optimizer holds, in their place: one flat
parameter of many, say. Pure, on the graph of a loss.
"""

from dataclasses import dataclass

from gradviz.graph import Graph, Node, NodeKind, Place, Verdict


@dataclass(frozen=True, slots=True)
class Heir:
    """A leaf that gets gradient.

    Attributes:
        name: Of the parameter that it is; empty where no model has it and no variable leads to it.
        place: The line that made it; None where it was not seen.
    """

    name: str
    place: Place | None = None


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
            behind = (graph.nodes[index] for index in graph.before([leaf.index]))
            heirs.update((node.name, heir) for node in behind if _is_cut(node))
    return heirs


def _is_cut(node: Node) -> bool:
    return node.kind is NodeKind.PARAMETER and node.verdict is Verdict.CUT


def _line_of(graph: Graph, leaf: Node) -> Place | None:
    """Return the line of what a leaf was made of last."""
    made_of = [graph.nodes[edge.source] for edge in graph.into[leaf.index]]
    return next((made.caller or made.place for made in reversed(made_of)), None)
