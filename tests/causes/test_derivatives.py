"""A derivative as plain numbers is written by the function that gave it, and says what to pass."""

import pytest
import torch
from torch import nn
from traced import X, cut, report_of, verdict

from gradviz.causes import explain
from gradviz.causes.derivatives import NAMES
from gradviz.graph import CutKind, Verdict

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


def derivative_of_a_weight(name, weight, **how):
    function = getattr(torch.autograd.functional, name)
    if name in ("jacobian", "hessian"):
        return function(lambda w: w.pow(3).sum(), weight, **how)
    along = torch.ones(()) if name == "vjp" else torch.ones_like(weight)
    return function(lambda w: w.pow(3).sum(), weight, along, **how)[1]


@pytest.mark.parametrize("name", NAMES)
def test_what_it_is_given_is_severed_by_the_function_and_trains_by_its_remedy(name):
    def step(net, **how):
        slope = derivative_of_a_weight(name, net.first.weight, **how)
        return net.last(net.first(X).detach()).square().mean() + slope.square().sum()

    found = next(
        cut for cut in report_of(step).parameters["first.weight"].cuts if cut.kind != "detach"
    )
    assert found.kind is CutKind.GRAD_WITHOUT_GRAPH
    assert found.operation == f"torch.autograd.functional.{name}()"
    mended = report_of(lambda net: step(net, create_graph=True))
    assert mended.parameters["first.weight"].verdict is Verdict.REACHED


def test_a_detach_of_the_user_s_inside_the_function_stays_one():
    def step(net):
        slope = torch.autograd.functional.jacobian(
            lambda x: net.first(x).detach() * x, AT, create_graph=True
        )
        return net.last(X).square().mean() * slope.square().sum()

    assert cut(report_of(step)).operation == "detach()"


def test_a_gradient_as_plain_numbers_trains_nothing_behind_it():
    def step(net, keep=False):
        x = X.clone().requires_grad_()
        (slope,) = torch.autograd.grad(net.first(x).tanh().sum(), x, create_graph=keep)
        return nn.functional.linear(slope, net.last.weight).square().mean()

    found = cut(report_of(step))
    assert (found.kind, found.operation) == (CutKind.GRAD_WITHOUT_GRAPH, "torch.autograd.grad()")
    assert verdict(report_of(lambda net: step(net, keep=True))) is Verdict.REACHED
