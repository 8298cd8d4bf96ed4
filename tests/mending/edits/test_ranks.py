"""A rank passes gradient as a count by sigmoids does, and is the same number."""

import torch
from edited import edited

from gradviz.mending.edits.ranks import soft_rank


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
