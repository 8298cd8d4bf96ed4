"""The last layer is found where all gradient for the rest passes it, and nowhere else."""

import pytest
import torch
from torch import nn

import gradviz
from gradviz.training.last_layer import last_layer


class Net(nn.Module):
    def __init__(self, *, bias=True):
        super().__init__()
        self.first = nn.Linear(4, 5)
        self.second = nn.Linear(5, 5)
        self.head = nn.Linear(5, 2, bias=bias)

    def forward(self, x):
        return self.head(self.second(self.first(x).tanh()).tanh())


def found(net, loss_of, *, x=None):
    with gradviz.trace() as trace:
        loss = loss_of(net, torch.ones(3, 4) if x is None else x)
        loss.backward()
    return last_layer(trace.report(loss, net).graph)


@pytest.mark.parametrize("bias", [True, False], ids=["with a bias", "without"])
def test_a_head_is_the_last_layer(bias):
    names = {"head.weight", "head.bias"} if bias else {"head.weight"}
    assert found(Net(bias=bias), lambda net, x: net(x).log_softmax(1).mean()) == names


def test_the_last_layer_lies_behind_what_has_no_parameters():
    image = torch.ones(3, 4, requires_grad=True)
    loss = found(Net(), lambda net, x: (net(x) + x[:, :2]).square().mean(), x=image)
    assert loss == {"head.weight", "head.bias"}


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda net, x: net(x).mean() + net.second.weight.square().sum(),
        lambda net, x: (net.head(net.first(x)) + net.head(net.second(net.first(x)))).mean(),
        lambda net, x: net.first(x).mean(),
        lambda net, x: (net(x) * net.head.weight.sum()).mean(),
    ],
    ids=["two terms", "used twice", "one layer", "also elsewhere"],
)
def test_no_layer_is_last_where_the_way_back_forks_otherwise(loss_of):
    assert found(Net(), loss_of) == frozenset()


def test_a_single_table_under_a_single_weight_can_be_read_in_two_ways():
    net = nn.ModuleDict({"table": nn.Embedding(3, 4), "head": nn.Linear(4, 2, bias=False)})
    assert found(net, lambda net, _: net.head(net.table(torch.arange(3))).mean()) == frozenset()
