"""A derivative is plain numbers, unless it has a graph; what it was asked for is no constant."""

import torch
from traced import X, cut, report_of, verdict

from gradviz.graph import CutKind, Verdict


def slope(net, **how):
    x = X.clone().requires_grad_()
    return torch.autograd.grad(net.first(x).tanh().sum(), x, **how)[0]


def test_without_a_graph_it_is_cut_at_its_line():
    found = cut(report_of(lambda net: net.last(slope(net)).square().mean()))
    assert found.kind is CutKind.GRAD_WITHOUT_GRAPH
    assert found.operation == "torch.autograd.grad()"


def test_with_one_it_is_reached():
    report = report_of(lambda net: net.last(slope(net, create_graph=True)).square().mean())
    assert verdict(report) is Verdict.REACHED


def test_a_function_of_the_user_s_that_is_called_grad_is_not_it():
    def grad(x):
        return x * 2

    report = report_of(lambda net: net.last(grad(net.first(X))).sum())
    assert verdict(report) is Verdict.REACHED
