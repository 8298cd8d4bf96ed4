"""A call of no particular kind makes a value with a history, or of what went in."""

import torch
from traced import X, cut, report_of, through, verdict

from gradviz.graph import CutKind, Verdict


def test_of_several_results_each_has_its_own_history():
    def step(net):
        values, indices = net.first(X).max(1)
        return net.last(X * values[:, None]).sum() + 0 * net.last(X * indices[:, None]).sum()

    report = report_of(step)
    assert verdict(report) is Verdict.REACHED
    assert report.parameters["first.weight"].partial


def test_the_index_alone_is_a_choice():
    found = cut(through(lambda hidden: hidden.max(1)[1]))
    assert (found.kind, found.operation) == (CutKind.NON_DIFFERENTIABLE, "max()")


def test_views_by_an_attribute_pass_gradient():
    assert verdict(through(lambda hidden: hidden.T)) is Verdict.REACHED
    assert verdict(through(lambda hidden: hidden.mT)) is Verdict.REACHED


def test_what_takes_a_shape_alone_has_nothing_of_the_value():
    assert verdict(through(torch.ones_like)) is Verdict.UNUSED
    assert verdict(through(lambda hidden: hidden.new_ones(4, 3))) is Verdict.UNUSED
    assert verdict(through(lambda hidden: torch.ones(hidden.shape))) is Verdict.UNUSED


def test_of_lists_of_tensors_each_result_has_what_stands_in_its_place():
    def by(place):
        def step(net):
            with torch.no_grad():
                scaled = torch._foreach_mul([net.first(X), torch.ones(4, 3)], [2.0, 3.0])
                norms = torch._foreach_norm([scaled[1], scaled[0]])
            return net.last(X).sum() * norms[place]

        return verdict(report_of(step))

    assert (by(0), by(1)) == (Verdict.UNUSED, Verdict.CUT)
