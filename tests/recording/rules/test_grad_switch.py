"""What switched grad mode off is what is off, however the switches lie in each other."""

import pytest
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


def slopes(net):
    return torch.func.grad(lambda x: net.first(x).tanh().sum())(X)


@pytest.mark.parametrize("block", [torch.no_grad, torch.inference_mode])
def test_a_transform_that_is_entered_in_a_block_is_cut_by_the_block(block):
    def step(net):
        with block():
            score = slopes(net)
        return net.last(score.clone()).square().mean()

    found = cut(report_of(step))
    assert (found.kind, found.block.code) == (block.__name__, "with block():")


def test_a_transform_is_reached_after_one_in_a_block_and_where_grad_mode_is_on_again():
    def step(net):
        with torch.no_grad():
            slopes(net).norm()
            with torch.enable_grad():
                score = slopes(net)
        return net.last(score + slopes(net)).square().mean()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_a_jacobian_under_vmap_in_inference_mode_is_cut_by_the_block():
    def step(net):
        with torch.inference_mode():
            slopes = torch.vmap(torch.func.jacrev(lambda x: net.first(x).sin()))(X)
        return net.last(slopes.clone().sum(1)).sum()

    found = cut(report_of(step))
    assert (found.kind, found.block.code) == ("inference_mode", "with torch.inference_mode():")
