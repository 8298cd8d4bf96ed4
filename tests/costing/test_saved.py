"""What autograd keeps for a backward is counted once, and as long as it is kept."""

import torch
from torch import nn

from gradviz.costing.saved import SavedBytes

FLOAT = 4


def test_memory_that_several_nodes_save_is_counted_once():
    x = torch.ones(5, requires_grad=True)
    with SavedBytes() as saving:
        y = x * 2  # a product with a number saves nothing
        z = y * y + y.exp() + y[1:].sum() * y.view(5)[0]
    # The result of exp, the sum; y is saved by the square and, as a view, by the last product
    exp, total, element = 5, 1, 0
    assert saving.held == (5 + exp + total + element) * FLOAT
    assert saving.leave_out([y]) == (exp + total) * FLOAT
    del z
    assert saving.held == 0
    assert saving.peak == (5 + exp + total) * FLOAT


def test_what_is_there_without_a_graph_is_not_counted():
    weight, x = nn.Parameter(torch.ones(3)), torch.ones(3, requires_grad=True)
    with SavedBytes([weight]) as saving:
        y = (x * weight).sum()
    assert saving.held == 3 * FLOAT
    assert y.requires_grad


def test_counting_leaves_gradients_as_they_are():
    x = torch.rand(4, requires_grad=True)
    plain = torch.autograd.grad(x.tanh().exp().prod(), x)[0]
    with SavedBytes():
        y = x.tanh().exp().prod()
    assert torch.equal(torch.autograd.grad(y, x)[0], plain)


def test_a_detached_part_was_kept_until_it_was_detached():
    x = torch.ones(8, requires_grad=True)
    with SavedBytes() as saving:
        h = x.exp()
        h.detach_()
    assert (saving.held, saving.peak) == (0, 8 * FLOAT)
