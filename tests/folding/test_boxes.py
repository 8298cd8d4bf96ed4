"""How much of a graph a picture shows."""

import pytest

from gradviz.errors import GradvizError
from gradviz.folding.boxes import PICTURE, WHOLE, Box, BoxKind, View
from gradviz.graph import Graph, Node, NodeKind


def graph(count):
    return Graph(
        tuple(Node(index=index, kind=NodeKind.OPERATION) for index in range(count)), edges=()
    )


def test_an_unknown_scheme_is_refused_with_those_there_are():
    with pytest.raises(GradvizError, match=r"'dim' \(choose from auto, light, dark\)"):
        View(scheme="dim")


def test_unless_told_a_graph_of_up_to_150_nodes_is_drawn_node_by_node():
    assert View().shows_all_of(graph(WHOLE))
    assert not View().shows_all_of(graph(WHOLE + 1))


def test_of_a_budget_that_was_given_half_as_much_again_is_drawn_node_by_node():
    view = View(budget=PICTURE + 10)
    assert view.shows_all_of(graph(45))
    assert not view.shows_all_of(graph(46))


@pytest.mark.parametrize("options", [{"depth": 0}, {"open": ("layers",)}])
def test_where_modules_are_asked_for_nothing_is_drawn_node_by_node(options):
    assert not View(**options).shows_all_of(graph(1))


def test_boxes_are_equal_whatever_node_they_stand_for():
    node = Node(index=3, kind=NodeKind.OPERATION)
    assert Box(kind=BoxKind.OPERATION, node=node) == Box(kind=BoxKind.OPERATION)
