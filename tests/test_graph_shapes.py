"""The graph of every freeze strategy, as text in ``tests/shapes``. ``pytest --update-shapes`` writes them anew."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from gradviz.article import STRATEGIES, follow
from gradviz.graph import Graph
from gradviz.render.shape import graph_shape

SHAPES = Path(__file__).parent / "shapes"


@pytest.mark.parametrize("mode", STRATEGIES)
def test_the_graph_of_every_strategy_has_the_shape_it_had(mode, request):
    shape, file = graph_shape(follow(mode).report), SHAPES / f"{mode}.txt"
    if request.config.getoption("--update-shapes"):
        file.write_text(shape)
    assert shape.splitlines() == file.read_text().splitlines()


@pytest.mark.parametrize("mode", STRATEGIES)
def test_the_shape_does_not_depend_on_the_order_in_which_nodes_are_met(mode):
    report = follow(mode).report
    order = list(range(1, len(report.graph.nodes)))
    random.Random(0).shuffle(order)
    place = {old: new for new, old in enumerate([0, *order])}
    nodes = sorted((replace(node, index=place[node.index]) for node in report.graph.nodes), key=lambda node: node.index)
    edges = tuple(replace(edge, source=place[edge.source], target=place[edge.target]) for edge in report.graph.edges)
    assert graph_shape(replace(report, graph=Graph(tuple(nodes), edges[::-1]))) == graph_shape(report)


def test_the_shape_changes_with_every_edge():
    report = follow("detach").report
    for edge in report.graph.edges:
        fewer = Graph(report.graph.nodes, tuple(other for other in report.graph.edges if other != edge))
        assert graph_shape(replace(report, graph=fewer)) != graph_shape(report)
