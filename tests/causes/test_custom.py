"""A Function that gives no gradient back is told by how it does so."""

import torch
from traced import cut, through

from gradviz.causes import EXPLANATIONS, explain
from gradviz.graph import CutKind


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
