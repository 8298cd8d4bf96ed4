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
