"""A backward that the step runs is watched, and raises what it would have raised."""

import pytest
import torch
from traced import Net, X, report_of, verdict

import gradviz
from gradviz.graph import Verdict
from gradviz.recording.seams.backward import around_backward


def test_one_function_is_watched_by_one():
    assert around_backward(torch.autograd.backward) is around_backward(torch.autograd.backward)


def test_without_a_watcher_it_is_the_original():
    calls = []
    assert around_backward(lambda *args: calls.append(args) or 7)(1, 2) == 7
    assert calls == [(1, 2)]


def test_what_it_brought_is_measured():
    report = report_of(lambda net: net.last(net.first(X)).square().mean())
    assert report.parameters["first.weight"].gradient_norm > 0


def test_a_backward_to_some_inputs_leaves_the_others_out():
    def step(net):
        loss = net.last(net.first(X)).square().mean()
        torch.autograd.backward(loss, inputs=[net.last.weight], retain_graph=True)
        return loss

    assert verdict(report_of(step)) is Verdict.REACHED


def test_an_error_is_the_user_s_and_the_trace_goes_on():
    net = Net()
    with gradviz.trace() as trace:
        with pytest.raises(RuntimeError, match="does not require grad"):
            torch.ones(1).sum().backward()
        loss = net.last(net.first(X)).square().mean()
        loss.backward()
    assert trace.report(loss, net).parameters["first.weight"].verdict is Verdict.REACHED
