"""What switched grad mode off is what is off, however the switches lie in each other."""

import torch
from traced import X, cut, report_of, verdict

from gradviz.graph import CutKind, Verdict


def test_enable_grad_inside_no_grad_lets_gradient_pass():
    def step(net):
        with torch.no_grad(), torch.enable_grad():
            hidden = net.first(X)
        return net.last(hidden).sum()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_after_it_the_block_around_it_is_off_again():
    def step(net):
        with torch.no_grad():
            with torch.enable_grad():
                net.last(X)
            hidden = net.first(X)
        return net.last(hidden).sum()

    found = cut(report_of(step))
    assert found.kind is CutKind.NO_GRAD
    assert found.block.code == "with torch.no_grad():"


def test_a_switch_by_a_call_holds_until_it_is_put_back():
    def step(net):
        torch.set_grad_enabled(False)
        hidden = net.first(X)
        torch.set_grad_enabled(True)
        return net.last(hidden).sum()

    found = cut(report_of(step))
    assert found.kind is CutKind.SET_GRAD_ENABLED
    assert found.block.code == "torch.set_grad_enabled(False)"


def test_a_decorated_function_is_named_by_its_decorator():
    @torch.no_grad()
    def encode(net):
        return net.first(X)

    found = cut(report_of(lambda net: net.last(encode(net)).sum()))
    assert found.kind is CutKind.NO_GRAD
    assert found.block is not None
