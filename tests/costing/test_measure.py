"""Ways of running a step take turns, and each has its median."""

import torch

from gradviz.costing.measure import Times, Variant, count_nodes, measure


def test_ways_take_turns_and_the_median_is_told_with_the_middle_half():
    calls = []

    def way(name):
        def forward():
            calls.append(name)
            return torch.ones(1, requires_grad=True).sum(), None

        return Variant(forward)

    found = measure({"a": way("a"), "b": way("b")}, runs=3)
    assert calls[4:] == ["b", "a", "a", "b", "b", "a", "a", "b"]
    assert found["a"].nodes == 1 + 1
    assert Times.of([5.0, 1.0, 2.0, 4.0, 3.0]) == Times(3.0, 2.0, 4.0)


def test_a_loss_without_a_graph_has_no_nodes():
    assert count_nodes(torch.ones(())) == 0
