"""Blocks of inference mode, optimizers and hooks of modules are known as they are made."""

import itertools

import pytest
import torch
from torch import nn
from traced import Net, X, cut, report_of

import gradviz
from gradviz.graph import CutKind
from gradviz.recording.seams.blocks_and_hooks import has_begun


def test_the_innermost_block_of_inference_mode_is_named():
    def step(net):
        with torch.inference_mode(False):
            with torch.inference_mode():  # this one
                hidden = net.first(X)
            return net.last(hidden.clone()).sum()

    found = cut(report_of(step))
    assert found.kind is CutKind.INFERENCE_MODE
    assert "this one" in found.block.code


def test_what_an_optimizer_of_the_step_holds_is_known():
    net = Net()
    with gradviz.trace() as trace:
        torch.optim.SGD(net.first.parameters(), lr=0.1)
        loss = net.last(net.first(X)).square().mean()
        loss.backward()
    report = trace.report(loss, net)
    assert report.parameters["first.weight"].optimized is True
    assert report.parameters["last.weight"].optimized is False


def test_a_module_s_hook_that_only_looks_changes_nothing():
    def step(net, hook):
        net.first.register_full_backward_hook(hook)
        x = X.clone().requires_grad_()
        return net.last(net.first(x).tanh()).square().mean()

    assert not report_of(lambda net: step(net, lambda module, into, out: None)).cuts


NET, OTHER = nn.Linear(2, 2), nn.Linear(3, 3)
ITERATORS = {
    "parameters": NET.parameters,
    "filter": lambda: filter(lambda weight: weight.requires_grad, NET.parameters()),
    "map": lambda: map(torch.Tensor.detach, NET.parameters()),
    "chain": lambda: itertools.chain(NET.parameters(), OTHER.parameters()),
    "chain.from_iterable": lambda: itertools.chain.from_iterable(
        net.parameters() for net in (NET, OTHER)
    ),
    "filter over chain": lambda: filter(torch.is_tensor, itertools.chain(NET.parameters())),
}


@pytest.mark.parametrize("made", ITERATORS.values(), ids=ITERATORS)
def test_a_generator_has_begun_once_something_was_taken_from_it(made):
    fresh, begun, all_of_it = made(), made(), list(made())
    assert not has_begun(fresh)
    assert len(list(fresh)) == len(all_of_it)  # looking at it took nothing
    next(begun)
    assert has_begun(begun)
    assert has_begun([{"params": begun, "lr": 0.1}])
    assert len(list(begun)) == len(all_of_it) - 1


def test_what_can_be_read_again_never_has_begun():
    assert not has_begun(list(NET.parameters()))
    assert not has_begun([{"params": NET.parameters()}, {"params": [NET.weight]}])
    assert not has_begun(None)
