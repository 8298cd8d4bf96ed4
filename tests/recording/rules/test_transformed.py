"""Inside torch.func a call is what it is outside: it passes gradient, or it is cut at its line."""

import contextlib

import torch
from torch.func import grad, vmap
from traced import X, cut, report_of, verdict

from gradviz.graph import CutKind, Verdict


def test_what_runs_under_vmap_is_reached():
    report = report_of(lambda net: net.last(vmap(net.first)(X)).sum())
    assert verdict(report) is Verdict.REACHED


def test_a_detach_under_vmap_is_the_cut():
    report = report_of(lambda net: net.last(vmap(lambda x: net.first(x).detach())(X)).sum())
    assert cut(report).kind is CutKind.DETACH


def test_a_derivative_by_torch_func_has_a_history():
    def step(net):
        slopes = vmap(grad(lambda x: net.first(x).tanh().sum()))(X)
        return net.last(slopes).square().mean()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_a_value_that_is_severed_inside_a_derivative_is_cut():
    def step(net):
        slopes = vmap(grad(lambda x: (net.first(x).detach() * x).sum()))(X)
        return net.last(slopes).square().mean()

    assert verdict(report_of(step)) is Verdict.CUT
    assert torch.is_grad_enabled()


def kept_by(block):
    def step(net):
        kept = []

        def energy(x):
            with torch.enable_grad():
                kept.append(net.first(X))
            return (kept[0] * x.sum()).sum()

        with block:
            torch.func.grad(energy)(X)
        return net.last(kept[0]).square().mean()

    return report_of(step)


def test_what_outlives_a_transform_in_a_block_is_cut_by_the_block():
    found = cut(kept_by(torch.no_grad()))
    assert (found.kind, found.block.code) == (CutKind.NO_GRAD, "with block:")


def test_what_outlives_a_transform_is_reached_where_grad_mode_is_on():
    assert verdict(kept_by(contextlib.nullcontext())) is Verdict.REACHED


def test_what_is_put_together_inside_a_transform_without_a_history_is_cut():
    def step(net):
        with torch.no_grad():
            value, _ = torch.func.jvp(
                lambda x: torch.cat([x * net.first.weight[0], x])[:4], (X,), (X,)
            )
        return net.last(value.clone()).sum()

    assert verdict(report_of(step)) is Verdict.CUT
