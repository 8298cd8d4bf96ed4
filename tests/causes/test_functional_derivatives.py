"""A derivative as plain numbers is written by the function that gave it, and says what to pass."""

import pytest
import torch
from traced import X, cut, report_of

from gradviz.causes import explain
from gradviz.causes.functional_derivatives import NAMES
from gradviz.graph import CutKind

AT = X.mean(0)


def derivative(name, of):
    function = getattr(torch.autograd.functional, name)
    if name in ("jacobian", "hessian"):
        return function(of, AT)
    along = torch.ones(()) if name == "vjp" else torch.ones(3)
    return function(of, AT, along)[1]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_cut_that_names_the_function(name):
    def step(net):
        slope = derivative(name, lambda x: net.first(x).tanh().sum())
        return net.last(X).square().mean() * slope.square().sum()

    found = cut(report_of(step))
    assert found.kind is CutKind.GRAD_WITHOUT_GRAPH
    assert found.operation == f"torch.autograd.functional.{name}()"
    assert f"create_graph=True to {name}()" in explain(found).mend


def test_what_backward_left_in_grad_is_plain_numbers_too():
    def step(net):
        net.first(X).tanh().sum().backward()
        slope = net.first.weight.grad.clone()
        net.first.weight.grad = net.first.bias.grad = None
        return net.last(X).square().mean() * slope.square().sum()

    found = cut(report_of(step))
    assert (found.kind, found.operation) == (CutKind.GRAD_WITHOUT_GRAPH, "backward()")
    assert "create_graph=True" in explain(found).mend
