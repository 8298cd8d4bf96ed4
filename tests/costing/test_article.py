"""The ways to freeze a layer of the article's net, held against what can be counted by hand."""

import pytest
import torch

from gradviz.article import STRATEGIES, Net
from gradviz.costing.freezing import WAYS, ways
from gradviz.costing.measure import measure

FLOAT = 4


@pytest.fixture(scope="module")
def article():
    net, x = Net(STRATEGIES["none"], "f2"), torch.tensor([[1.0]])
    return measure(ways(net, "f2", lambda: net(x).sum()), runs=3)


def test_autograd_saves_the_input_of_each_linear_layer_whose_weight_trains(article):
    x, h1, h2 = 1, 2, 3
    assert article["none"].saved == (x + h1 + h2) * FLOAT
    assert article["one layer"].saved == (x + h2) * FLOAT
    for way in ("all before", "detach_()", "no_grad"):
        assert article[way].saved == h2 * FLOAT


def test_backward_runs_through_the_sum_and_for_each_layer_through_what_trains_or_passes(article):
    # Addmm, the transpose of the weight, and one node that writes the gradient for each of weight
    # and bias
    layer = 4
    assert article["none"].nodes == 1 + 3 * layer
    # Of the frozen one the product is left, which passes gradient on
    assert article["one layer"].nodes == 1 + 2 * layer + 1
    for way in ("all before", "detach_()", "no_grad"):
        assert article[way].nodes == 1 + layer


def test_gradients_and_the_state_of_adam_are_those_of_what_trains(article):
    f1, f2, f3 = 4, 9, 8
    for way, numbers in zip(WAYS, (f1 + f2 + f3, f1 + f3, f3, f3, f3), strict=True):
        assert article[way].gradients == numbers * FLOAT
        assert article[way].state == 2 * numbers * FLOAT
