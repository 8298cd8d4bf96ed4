"""A hook that puts something else in the place of a value or its gradient is told."""

import torch
from traced import X, cut, report_of, verdict

from gradviz.graph import CutKind, Verdict


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
