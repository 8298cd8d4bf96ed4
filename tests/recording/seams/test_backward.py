"""A backward that the step runs is watched, and raises what it would have raised."""

import _thread
import threading

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import CheckpointFunction, checkpoint
from traced import Net, X, report_of, verdict

import gradviz
from gradviz.graph import Verdict
from gradviz.recording.seams.backward import _of_engine, around_backward


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


def in_a_thread_of_nobodys(function, *args):
    """Call a function as the engine does for an accelerator: in a thread that Python has not
    made.
    """
    done, results = _thread.allocate_lock(), []
    done.acquire()

    def call():
        results.append(function(*args))
        done.release()

    _thread.start_new_thread(call, ())
    done.acquire()
    return results[0]


def test_a_backward_that_the_engine_begins_in_a_thread_of_its_own_is_watched(monkeypatch):
    original = CheckpointFunction.backward
    monkeypatch.setattr(
        CheckpointFunction,
        "backward",
        staticmethod(lambda ctx, *given: in_a_thread_of_nobodys(original, ctx, *given)),
    )
    model = nn.ModuleDict({"gate": nn.Linear(2, 3), "body": nn.Linear(2, 3)})
    x = torch.ones(1, 2, requires_grad=True)
    with gradviz.trace() as trace:
        gain = model["gate"](x).sigmoid()
        loss = checkpoint(lambda h: model["body"](h) * gain, x, use_reentrant=True).sum()
        loss.backward()
    verdicts = {parameter.verdict for parameter in trace.report(loss, model).parameters.values()}
    assert verdicts == {"reached"}
    assert model["gate"].weight.grad is not None


def test_a_backward_in_a_thread_that_is_not_watched_is_not_taken_for_the_one_that_runs():
    apart, done = torch.ones(2, requires_grad=True), []

    def meanwhile(gradient):
        other = threading.Thread(target=lambda: done.append(_of_engine()))
        other.start()
        other.join()

    with gradviz.trace():
        apart.register_hook(meanwhile)
        apart.sum().backward()
    assert done == [None]
