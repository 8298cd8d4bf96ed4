"""A derivative is plain numbers, unless it has a graph; what it was asked for is no constant."""

import pytest
import torch
from torch import nn
from traced import Net, X, cut, report_of, verdict

import gradviz
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


def pulled(net, **how):
    out, pull = torch.func.vjp(lambda x: net.first(x).tanh(), X)
    return pull(torch.ones_like(out), **how)[0]


def test_a_pullback_that_is_called_under_no_grad_is_cut_by_it():
    def step(net):
        out, pull = torch.func.vjp(lambda x: net.first(x).tanh(), X)
        with torch.no_grad():
            (slope,) = pull(torch.ones_like(out))
        return net.last(slope).square().mean()

    def step_with_an_outer_transform(net):
        out, pull = torch.func.vjp(lambda x: net.first(x).exp(), X)
        with torch.no_grad():
            rows = torch.func.vmap(lambda weight: pull(weight)[0])(torch.ones(2, *out.shape))
        return net.last(rows).square().mean()

    assert cut(report_of(step)).kind is CutKind.NO_GRAD
    assert cut(report_of(step_with_an_outer_transform)).kind is CutKind.NO_GRAD


def pullbacks(net, by):
    out, pull = torch.func.vjp(by, net.first(X), net.second(X))
    with torch.no_grad():
        return pull(torch.ones_like(out))


@torch.no_grad()
def gradients(net, by):
    of = torch.func.grad(lambda a, b: by(a, b).sum(), argnums=(0, 1))
    return of(net.first(X), net.second(X))


def pulled_back(by, used, derive=pullbacks):
    """Return what is said of two factors where one of their two derivatives is used."""

    def step(net):
        return net.last(derive(net, by)[used]).square().mean()

    def make():
        net = Net()
        net.second = nn.Linear(3, 3)
        return net

    parameters = report_of(step, make).parameters
    return [parameters[name].verdict for name in ("first.weight", "second.weight")]


@pytest.mark.parametrize("derive", [pullbacks, gradients])
@pytest.mark.parametrize("by", [torch.mul, lambda a, b: a @ b.T, lambda a, b: b @ a.T])
def test_a_derivative_of_a_product_is_made_of_the_other_factor_alone(by, derive):
    assert pulled_back(by, 0, derive) == [Verdict.UNUSED, Verdict.CUT]
    assert pulled_back(by, 1, derive) == [Verdict.CUT, Verdict.UNUSED]


@pytest.mark.parametrize("derive", [pullbacks, gradients])
def test_a_derivative_of_a_quotient_is_made_of_both_toward_the_divisor(derive):
    assert pulled_back(torch.div, 0, derive) == [Verdict.UNUSED, Verdict.CUT]
    assert pulled_back(torch.div, 1, derive) == [Verdict.CUT, Verdict.CUT]


@pytest.mark.parametrize("used", [0, 1])
def test_each_gradient_without_a_graph_is_made_of_what_lies_on_its_own_way(used):
    def step(net):
        hidden, other = net.first(X), X.new_ones(()).requires_grad_()
        both = torch.autograd.grad((hidden * other).sum(), (hidden, other))
        return net.last(X * both[used].sum()).square().mean()

    assert verdict(report_of(step)) is (Verdict.CUT if used else Verdict.UNUSED)


def test_a_gradient_of_a_product_of_two_copies_is_made_of_the_other_alone():
    def step(net, used):
        one, other = (net.first(X).detach().requires_grad_(), X.new_ones(()).requires_grad_())
        both = torch.autograd.grad((one * other).sum(), (one, other))
        return net.last(X * both[used].sum()).square().mean()

    of_one, of_other = (report_of(lambda net, used=used: step(net, used)) for used in (0, 1))
    assert verdict(of_one) is Verdict.UNUSED
    assert verdict(of_other) is Verdict.CUT


@pytest.mark.parametrize("curved", [False, True])
def test_a_gradient_toward_a_value_is_not_made_of_what_made_that(curved):
    def step(net):
        hidden = net.first(X).tanh()
        (found,) = torch.autograd.grad((hidden.exp() if curved else hidden * 2).sum(), hidden)
        return net.last(X * found.sum()).square().mean()

    assert verdict(report_of(step)) is (Verdict.CUT if curved else Verdict.UNUSED)


def test_the_slope_of_a_quotient_is_made_of_its_divisor():
    def step(net):
        hidden = net.first(X)
        (found,) = torch.autograd.grad((X.new_ones(()) / hidden).sum(), hidden)
        return net.last(X * found.sum()).square().mean()

    assert verdict(report_of(step)) is Verdict.CUT


def test_a_pullback_without_a_graph_is_cut_as_a_derivative():
    found = cut(report_of(lambda net: net.last(pulled(net, create_graph=False)).square().mean()))
    assert found.kind is CutKind.GRAD_WITHOUT_GRAPH


def test_a_pullback_is_reached_where_grad_mode_is_on():
    report = report_of(lambda net: net.last(pulled(net)).square().mean())
    assert verdict(report) is Verdict.REACHED


class Cube(torch.autograd.Function):
    """Its backward keeps a history of its own, or none."""

    @staticmethod
    def forward(ctx, x, keeps):
        ctx.keeps = keeps
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 3 * (x if ctx.keeps else x.detach()) ** 2 * grad, None


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, _):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -grad, None


def slope_of(function, *, keeps):
    def step(net):
        x = X.clone().requires_grad_()
        y = function.apply(net.first(x), keeps)
        return torch.autograd.grad(y.sum(), x, create_graph=True)[0].square().mean()

    return report_of(step).parameters["first.bias"]


def test_what_the_backward_of_a_custom_function_does_with_what_it_saved_is_not_known():
    bias = slope_of(Cube, keeps=False)
    assert (bias.verdict, bias.uncertain) == (Verdict.UNUSED, True)


def test_what_it_keeps_a_history_of_is_reached():
    assert slope_of(Cube, keeps=True).verdict is Verdict.REACHED


def test_what_is_added_before_a_function_that_saved_nothing_is_surely_unused():
    bias = slope_of(Reversed, keeps=True)
    assert (bias.verdict, bias.uncertain) == (Verdict.UNUSED, False)


def test_where_nodes_do_not_tell_what_they_saved_a_pullback_leaves_doubt(monkeypatch):
    monkeypatch.setattr("gradviz.recording.torch_inside.READS_SAVED", False)
    monkeypatch.setattr("gradviz.recording.torch_inside.autograd.READS_SAVED", False)
    inner, out = nn.Linear(3, 3), nn.Linear(3, 1)
    x = torch.randn(4, 3)
    with gradviz.trace() as trace:
        h, pull = torch.func.vjp(lambda value: torch.tanh(inner(value)), x)
        with torch.no_grad():
            (g,) = pull(torch.ones_like(h))
        loss = out(x + g).square().mean()
    report = trace.report(loss, nn.ModuleDict({"inner": inner, "out": out}))
    assert {name: parameter.uncertain for name, parameter in report.parameters.items()} == {
        "inner.weight": True,
        "inner.bias": True,
        "out.weight": False,
        "out.bias": False,
    }
