"""The graph of every freeze strategy, as text in ``shapes``.

``pytest --gradviz-update`` writes them anew.
"""

import random
from dataclasses import replace

import pytest
import torch

import gradviz
from gradviz import assert_graph_shape
from gradviz.article import STRATEGIES, follow
from gradviz.graph import Graph
from gradviz.render.shape import graph_shape, module_shape


@pytest.mark.parametrize("mode", STRATEGIES)
def test_the_graph_of_every_strategy_has_the_shape_it_had(mode):
    report = follow(mode).report
    assert_graph_shape(report, f"shapes/{mode}.txt")
    assert_graph_shape(report, f"shapes/{mode}-modules.txt", level="modules")


def twins():
    """Two operations that look the same from below; only one of them is used again."""
    x = torch.ones(2, requires_grad=True)
    first, second = x.relu(), x.relu()
    return gradviz.report((first + second).sum() * first.sum(), {"x": x})


@pytest.mark.parametrize(
    "report", [*(follow(mode).report for mode in STRATEGIES), twins()], ids=[*STRATEGIES, "twins"]
)
@pytest.mark.parametrize("seed", range(5))
def test_the_shape_does_not_depend_on_the_order_in_which_nodes_are_met(report, seed):
    order = list(range(1, len(report.graph.nodes)))
    random.Random(seed).shuffle(order)
    place = {old: new for new, old in enumerate([0, *order])}
    nodes = sorted(
        (replace(node, index=place[node.index]) for node in report.graph.nodes),
        key=lambda node: node.index,
    )
    edges = tuple(
        replace(edge, source=place[edge.source], target=place[edge.target])
        for edge in report.graph.edges
    )
    shuffled = replace(report, graph=Graph(tuple(nodes), edges[::-1]))
    assert graph_shape(shuffled) == graph_shape(report)
    assert module_shape(shuffled) == module_shape(report)


def test_the_shape_changes_with_every_edge():
    report = follow("detach").report
    for edge in report.graph.edges:
        fewer = Graph(
            report.graph.nodes, tuple(other for other in report.graph.edges if other != edge)
        )
        assert graph_shape(replace(report, graph=fewer)) != graph_shape(report)


def stack(frozen=()):
    model = torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(6)))
    for index in frozen:
        model[index].requires_grad_(False)
    with gradviz.trace() as trace:
        loss = model(torch.ones(1, 2)).sum()
    return module_shape(trace.report(loss, torch.nn.ModuleDict({"net": model})))


def test_siblings_that_are_alike_are_told_once():
    assert stack() == "loss\n  <- net.5\nnet.0: 2 reached\nnet.1..5: 2 reached\n  <- net.0..4\n"


def test_a_sibling_that_is_not_like_the_others_stands_out():
    assert stack(frozen=[3]).splitlines() == [
        "loss",
        "  <- net.5",
        "net.0: 2 reached",
        "net.1..2: 2 reached",
        "  <- net.0..1",
        "net.3: 2 frozen",
        "  <- net.2",
        "net.4..5: 2 reached",
        "  <- net.3..4",
    ]


def test_a_new_operation_inside_a_module_leaves_the_modules_as_they_were():
    class Block(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x).sigmoid() if self.active else super().forward(x)

    def shapes(active):
        Block.active = active
        model = torch.nn.Sequential(Block(2, 2), Block(2, 1))
        with gradviz.trace() as trace:
            loss = model(torch.ones(1, 2)).sum()
        report = trace.report(loss, model)
        return graph_shape(report), module_shape(report)

    (operations, modules), (more_operations, same_modules) = shapes(False), shapes(True)
    assert operations != more_operations
    assert modules == same_modules
