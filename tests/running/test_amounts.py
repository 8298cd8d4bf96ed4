"""What a series takes from a watched call beside the report."""

from dataclasses import replace

import torch
from graphs import none

from gradviz.graph import Amount, Graph, NodeKind
from gradviz.running.amounts import value_of, zeros_of


def test_losses_are_added_up_and_one_that_cannot_be_read_makes_the_sum_unknown():
    assert value_of([torch.tensor(1.5), torch.tensor([1.0, 2.0])]) == 4.5
    assert value_of([torch.tensor(1.5), torch.ones(1, device="meta")]) is None
    assert value_of([]) is None


def test_the_share_of_zeros_is_told_where_values_were_measured():
    graph = none().graph
    assert zeros_of(graph) == {}
    nodes = tuple(
        replace(node, incoming=(Amount(norm=1.0, largest=1.0, zeros=0.25),))
        if node.kind is NodeKind.PARAMETER and node.name == "f1.weight"
        else node
        for node in graph.nodes
    )
    assert zeros_of(Graph(nodes, graph.edges)) == {"f1.weight": 0.25}
