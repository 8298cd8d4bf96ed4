"""A custom Function inside torch.func runs unseen: what it is handed is known all the same."""

from types import SimpleNamespace

import pytest
import torch
from torch.func import vmap
from traced import X, cut, report_of, verdict

from gradviz.causes import explain
from gradviz.graph import CutKind, Verdict


class Scale(torch.autograd.Function):
    """Multiplies by a factor, which is given alone or held by something."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, factor):
        return x * Scale.of(factor)

    @staticmethod
    def of(factor):
        return getattr(factor, "held", factor[0] if isinstance(factor, tuple) else factor)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.alone = isinstance(inputs[1], torch.Tensor)
        ctx.save_for_backward(inputs[0], Scale.of(inputs[1]))

    @staticmethod
    def backward(ctx, g):
        x, factor = ctx.saved_tensors
        return g * factor, g * x if ctx.alone else None


class First(Scale):
    """Multiplies by the first of several factors."""

    @staticmethod
    def forward(x, factors):
        return x * factors[0]


def scaled(hand, function=Scale):
    """Trace a step that scales by the sums of what may be cut off, handed as somebody hands it."""

    def step(net):
        factor = hand(net.first.weight.sum(1), net)
        return vmap(lambda x: function.apply(net.last.weight[0] * x, factor))(X).sum()

    return report_of(step)


def test_a_parameter_in_a_tuple_under_vmap_is_cut_with_the_remedy_to_hand_it_to_apply():
    found = cut(scaled(lambda factor, net: (factor,), First))
    assert found.kind is CutKind.CUSTOM_FUNCTION
    assert "Hand the tensor to apply()" in explain(found).mend


def test_a_parameter_that_is_an_argument_of_its_own_under_vmap_is_reached():
    assert verdict(scaled(lambda factor, net: factor)) is Verdict.REACHED


@pytest.mark.parametrize("holds", [True, False])
def test_what_an_object_holds_that_it_is_handed_is_not_surely_unused(holds):
    report = scaled(
        lambda factor, net: SimpleNamespace(
            held=net.first.bias if holds else torch.ones(3), other=torch.ones(3)
        )
    )
    assert report.parameters["first.bias"].uncertain is holds


def test_what_the_forward_reads_from_around_it_under_vmap_is_cut():
    def step(net):
        table = net.first.weight

        class Look(torch.autograd.Function):
            generate_vmap_rule = True
            forward = staticmethod(lambda x: x @ table)
            setup_context = staticmethod(lambda ctx, inputs, output: None)
            backward = staticmethod(lambda ctx, g: g)

        return vmap(lambda x: Look.apply(net.last.weight[0] * x))(X).sum()

    assert cut(report_of(step)).kind is CutKind.CUSTOM_FUNCTION


def test_a_block_without_grad_around_it_is_the_cut():
    def step(net):
        with torch.no_grad():
            hidden = vmap(lambda x: First.apply(x, (net.first.weight.sum(1),)))(X)
        return net.last(hidden).sum()

    assert cut(report_of(step)).kind is CutKind.NO_GRAD


@pytest.mark.parametrize("function", [First, Scale])
def test_what_the_forward_does_not_surely_read_of_a_tuple_is_doubted_and_not_cut(function):
    def hand(factor, net):
        return (torch.ones(3), factor) if function is First else (factor,)

    first = scaled(hand, function).parameters["first.weight"]
    assert (first.verdict, first.uncertain) == (Verdict.UNUSED, True)


def test_a_tensor_whose_shape_alone_is_read_around_a_forward_is_not_cut():
    def step(net):
        table = net.first.weight

        class Look(torch.autograd.Function):
            generate_vmap_rule = True
            forward = staticmethod(lambda x: x * table.shape[0])
            setup_context = staticmethod(lambda ctx, inputs, output: None)
            backward = staticmethod(lambda ctx, g: g)

        return vmap(lambda x: Look.apply(net.last.weight[0] * x))(X).sum()

    assert verdict(report_of(step)) is Verdict.UNUSED


@pytest.mark.parametrize("held", [True, False])
def test_what_the_class_of_a_function_holds_that_its_forward_names_is_not_surely_unused(held):
    def step(net):
        class Look(torch.autograd.Function):
            generate_vmap_rule = True
            table = net.first.bias if held else torch.ones(3)
            other = net.first.bias
            forward = staticmethod(lambda x: x * Look.table)
            setup_context = staticmethod(lambda ctx, inputs, output: None)
            backward = staticmethod(lambda ctx, g: g)

        return vmap(lambda x: Look.apply(net.last.weight[0] * x))(X).sum()

    assert report_of(step).parameters["first.bias"].uncertain is held
