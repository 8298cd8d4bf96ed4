"""In forward mode a value is what it was, and its derivative depends on what made its tangent."""

import torch
import torch.autograd.forward_ad as forward
from traced import X, report_of, verdict

from gradviz.graph import Verdict


def test_a_dual_value_has_the_history_of_its_value():
    def step(net):
        with forward.dual_level():
            hidden = forward.make_dual(net.first(X), torch.ones(4, 3))
            value = forward.unpack_dual(hidden * 2).primal
        return net.last(value).sum()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_a_derivative_along_a_live_tangent_is_reached():
    def step(net):
        with forward.dual_level():
            dual = forward.make_dual(X, net.first(X))
            slope = forward.unpack_dual(dual.tanh()).tangent
        return net.last(slope).sum()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_a_derivative_along_a_severed_tangent_is_cut():
    def step(net):
        with forward.dual_level():
            dual = forward.make_dual(X, net.first(X).detach())
            slope = forward.unpack_dual(dual.tanh()).tangent
        return net.last(slope).sum()

    assert verdict(report_of(step)) is Verdict.CUT


def moved(make, through=lambda x: x):
    """Trace the tangent of what a net makes, taken without a history."""

    def step(net):
        with torch.no_grad():
            slope = torch.func.jvp(lambda x: through(make(net, x)), (X,), (torch.ones(4, 3),))[1]
        return net.last(slope).sum()

    return report_of(step).parameters


def test_without_a_history_a_tangent_has_nothing_of_what_was_only_added():
    parameters = moved(lambda net, x: net.first(x) + net.first.bias)
    assert parameters["first.weight"].verdict is Verdict.CUT
    assert parameters["first.bias"].verdict is Verdict.UNUSED


def test_without_a_history_a_tangent_has_a_value_that_a_derivative_needs():
    parameters = moved(lambda net, x: net.first(x), torch.tanh)
    assert parameters["first.bias"].verdict is Verdict.CUT


def test_without_a_history_a_tangent_has_a_number_that_came_back():
    parameters = moved(lambda net, x: torch.add(x, x, alpha=net.first.bias.sum().item()))
    assert parameters["first.bias"].verdict is Verdict.CUT
