"""Code of the user's own that gives no gradient back is told by how it does so."""

import pytest
import torch
from torch import nn
from traced import Net, X, cut, report_of, through, verdict

import gradviz
from gradviz.causes import EXPLANATIONS, RAISED, custom, explain
from gradviz.graph import CutKind, Verdict


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return None


def test_a_backward_that_returns_none_is_a_cut_of_the_function():
    found = cut(through(Doubled.apply))
    assert found.kind is CutKind.CUSTOM_FUNCTION
    assert explain(found) is EXPLANATIONS[CutKind.CUSTOM_FUNCTION]


def test_an_output_that_is_marked_as_not_differentiable_is_one_too():
    class Marked(Doubled):
        @staticmethod
        def forward(ctx, x):
            out = x * 2
            ctx.mark_non_differentiable(out)
            return out

    assert cut(through(Marked.apply)).kind is CutKind.CUSTOM_FUNCTION


def test_a_backward_that_raises_is_told_by_the_exception():
    class Raises(Doubled):
        @staticmethod
        def backward(ctx, grad):
            raise NotImplementedError("no derivative")

    net = Net()
    with gradviz.trace() as trace:
        loss = net.last(Raises.apply(net.first(X))).sum()
        with pytest.raises(NotImplementedError):
            loss.backward()
    found = cut(trace.report(loss, net))
    assert found.operation == RAISED
    assert explain(found) is custom.RAISED_EXPLANATION


def test_what_a_forward_hook_puts_in_place_of_a_value_is_a_cut():
    def step(net):
        handle = net.first.register_forward_hook(lambda module, args, out: out.detach())
        loss = net.last(net.first(X)).square().mean()
        handle.remove()
        return loss

    assert cut(report_of(step)).kind in (CutKind.DETACH, CutKind.HOOK)


def test_a_hook_that_replaces_a_gradient_by_zeros_makes_it_zero():
    def step(net):
        hidden = net.first(X)
        hidden.register_hook(torch.zeros_like)
        return net.last(hidden).square().mean()

    assert verdict(report_of(step)) is Verdict.ZERO


def test_a_gradient_as_plain_numbers_trains_nothing_behind_it():
    def step(net, keep=False):
        x = X.clone().requires_grad_()
        (slope,) = torch.autograd.grad(net.first(x).tanh().sum(), x, create_graph=keep)
        return nn.functional.linear(slope, net.last.weight).square().mean()

    found = cut(report_of(step))
    assert (found.kind, found.operation) == (CutKind.GRAD_WITHOUT_GRAPH, "torch.autograd.grad()")
    assert verdict(report_of(lambda net: step(net, keep=True))) is Verdict.REACHED
