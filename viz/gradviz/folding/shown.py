"""How much of a report a picture shows: all of a small graph, and of a large one its fold."""

from collections.abc import Mapping
from types import MappingProxyType

from gradviz.folding.boxes import PICTURE, Folded, View
from gradviz.folding.fold import fold
from gradviz.folding.whole import whole
from gradviz.graph import Graph, Parameter


def shown(
    graph: Graph,
    parameters: Mapping[str, Parameter],
    view: View,
    marks: Mapping[str, str] = MappingProxyType({}),
    *,
    smaller: bool = False,
) -> Folded:
    """Return what is shown of a graph; a small one is folded into a box for each node.

    Args:
        graph: As the analysis marked it.
        parameters: Every parameter of the model by name.
        view: How much of it is shown.
        marks: Of some parameters by name: what tells them apart from others.
        smaller: Also a small graph has to become smaller.
    """
    if view.shows_all_of(graph) and not smaller:
        return whole(graph, parameters, loss_steps=view.budget != PICTURE)
    return fold(
        graph, parameters, budget=view.budget, depth=view.depth, open=view.open, marks=marks
    )
