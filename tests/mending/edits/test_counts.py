"""Counts by bins pass gradient as overlapping bins do, and are the same numbers."""

import pytest
import torch
from edited import edited

from gradviz.mending.edits.counts import soft_histogram, soft_rank


@pytest.mark.parametrize(
    "call",
    [
        "torch.histc(x, bins=4, min=0, max=1)",
        "torch.histc(x, 4, 0.0, 1.0)",
        "x.histc(bins=4, min=0, max=1)",
        "torch.histc(x + 1, bins=4, min=1, max=2)",
    ],
)
def test_the_counts_stay_and_gradient_comes_back(call):
    (after,) = edited(soft_histogram, f"counts = {call}\n", 1, "non_differentiable")
    x = torch.tensor([0.1, 0.3, 0.35, 0.9], requires_grad=True)
    names = {"torch": torch, "x": x}
    exec(after, names)
    assert names["counts"].tolist() == [1.0, 2.0, 0.0, 1.0]
    names["counts"][1].backward()
    # Two lie below the middle of the bin, which is a quarter wide; none is near enough besides
    assert x.grad.tolist() == [0.0, 4.0, 4.0, 0.0]


def test_bins_between_the_ends_of_the_values_are_left_alone():
    assert edited(soft_histogram, "counts = x.histc(bins=4)\n", 1, "non_differentiable") == []


def test_the_ranks_stay_and_gradient_comes_back():
    text = "ranks = torch.argsort(x.argsort()).float()\n"
    (after,) = edited(soft_rank, text, 1, "non_differentiable")
    x = torch.tensor([0.3, -1.0, 2.0], requires_grad=True)
    names = {"torch": torch, "x": x}
    exec(after, names)
    assert names["ranks"].tolist() == [1.0, 0.0, 2.0]
    names["ranks"][0].backward()
    assert x.grad[0] > 0
    assert x.grad[2] < 0


def test_an_order_that_is_no_rank_is_left_alone():
    assert edited(soft_rank, "order = x.argsort()\n", 1, "non_differentiable") == []
