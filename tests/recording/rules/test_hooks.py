"""A hook of the user's is named where what it puts in place of a gradient makes it zero or cuts."""

import torch
from traced import X, report_of, verdict

from gradviz.graph import Verdict


def hooked(hook):
    def step(net):
        hidden = net.first(X)
        hidden.register_hook(hook)
        return net.last(hidden).square().mean()

    return report_of(step)


def test_a_hook_that_only_looks_changes_nothing():
    assert verdict(hooked(lambda grad: None)) is Verdict.REACHED


def test_a_hook_that_gives_zeros_is_the_place_of_the_zero():
    parameter = hooked(torch.zeros_like).parameters["first.weight"]
    assert parameter.verdict is Verdict.ZERO
    assert parameter.zero.place.code == "hidden.register_hook(hook)"


def test_what_a_hook_kept_of_a_gradient_may_come_back_so_that_unused_is_uncertain():
    def step(net):
        kept = []
        hidden = net.first(X)
        hidden.register_hook(kept.append)
        net.last(hidden).sum().backward()
        net.zero_grad()
        return net.last(kept[0]).square().mean()

    assert report_of(step).parameters["first.weight"].uncertain
