"""A backward that raises is told by where it did, and by what mends that."""

import pytest
import torch
from traced import Net, X, cut

import gradviz
from gradviz.causes import RAISED, explain, raised


class Raises(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        raise NotImplementedError("no derivative")


def test_a_backward_that_raises_is_told_by_the_exception():
    net = Net()
    with gradviz.trace() as trace:
        loss = net.last(Raises.apply(net.first(X))).sum()
        with pytest.raises(NotImplementedError):
            loss.backward()
    found = cut(trace.report(loss, net))
    assert found.operation == RAISED
    assert explain(found) is raised.RAISED_EXPLANATION
