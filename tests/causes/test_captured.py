"""A value that a custom Function was not handed by itself is explained as such."""

import torch
from traced import cut, report_of, through

from gradviz.causes import explain
from gradviz.causes.captured import CAPTURED


class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, rest):
        return x * rest["scale"]

    @staticmethod
    def backward(ctx, grad):
        return grad, None


def test_a_value_inside_a_dict_is_no_argument_of_apply():
    live = torch.ones(4, 3, requires_grad=True)
    report = through(lambda hidden: Scaled.apply(live, {"scale": hidden}))
    assert cut(report).captured
    assert explain(cut(report)) is CAPTURED


def test_a_value_that_is_an_argument_without_a_gradient_is_not_called_captured():
    class Drops(Scaled):
        @staticmethod
        def backward(ctx, grad):
            return None, None

    report = report_of(
        lambda net: net.last(Drops.apply(net.first(torch.ones(4, 3)), {"scale": 2.0})).sum()
    )
    assert not cut(report).captured
    assert explain(cut(report)) is not CAPTURED
