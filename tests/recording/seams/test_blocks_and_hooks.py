"""Blocks of inference mode, optimizers and hooks of modules are known as they are made."""

import torch
from traced import Net, X, cut, report_of

import gradviz
from gradviz.graph import CutKind


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
