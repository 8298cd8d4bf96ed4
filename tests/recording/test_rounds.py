"""Modules that are called again and again without gradient run unwatched, and nothing is told otherwise for it."""

import torch
from torch import nn

import gradviz
from gradviz.recording.rounds import _AGAIN, QUIET

MANY = QUIET + 4 * _AGAIN


class Net(nn.Module):
    """Two layers, and what a test wants of it."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.late = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.does, self.is_late, self.kept = "", False, None

    def forward(self, x):
        hidden = torch.tanh(self.first(x))
        if self.does == "keep":
            self.kept = hidden * 1
        if self.does == "let out":
            self.kept = hidden.sum().item()
        out = self.second(hidden)
        return self.late(out) if self.is_late else out


def sampled(net, rounds, *, late_from=None):
    torch.manual_seed(0)
    x = torch.ones(1, 4)
    with torch.no_grad():
        for turn in range(rounds):
            net.is_late = late_from is not None and turn >= late_from
            x = net(x) + torch.randn(1, 4)
    return x


def verdicts(report):
    return {name: str(one.verdict) for name, one in report.parameters.items()}


def cuts(report):
    return [(cut.kind, cut.line, cut.parameters) for cut in report.cuts]


def traced(net, rounds, loss, **ways):
    with gradviz.trace() as trace:
        x = sampled(net, rounds, **ways)
        value = loss(x)
    return trace, trace.report(value, {"net": net, "gain": gain})


gain = nn.Parameter(torch.ones(1))


def test_a_long_loop_is_told_like_a_short_one():
    net = Net()
    _, short = traced(net, 6, lambda x: (x * gain).sum())
    trace, long = traced(net, MANY, lambda x: (x * gain).sum())
    assert trace._tape.unwatched
    assert verdicts(long) == verdicts(short)
    assert cuts(long) == cuts(short)
    assert verdicts(long)["net.first.weight"] == "cut"


def test_what_no_watched_call_took_in_is_not_said_to_be_never_called():
    _, report = traced(Net(), MANY, lambda x: (x * gain).sum())
    assert report.parameters["net.late.weight"].unused is None
    assert any("net was called many times without gradient" in note and "net.late.weight" in note for note in report.notes)


def test_the_numbers_are_the_same_and_the_call_of_modules_is_put_back():
    net, call = Net(), nn.Module.__call__
    plain = sampled(net, MANY)
    with gradviz.trace():
        assert torch.equal(sampled(net, MANY), plain)
        assert nn.Module.__call__ is not call
    assert nn.Module.__call__ is call


def test_a_module_that_keeps_what_it_makes_is_watched():
    net = Net()
    net.does = "keep"
    trace, report = traced(net, MANY, lambda x: (net.kept * gain).sum())
    path = {trace._tape.modules[number]() for number in trace._tape.unwatched}
    assert net not in path
    assert verdicts(report)["net.first.weight"] == "cut"


def test_a_module_that_lets_values_out_is_watched():
    net = Net()
    net.does = "let out"
    trace, report = traced(net, MANY, lambda x: gain.sum() * net.kept)
    assert net not in {trace._tape.modules[number]() for number in trace._tape.unwatched}
    assert verdicts(report)["net.first.weight"] == "cut"


def test_a_layer_that_a_module_takes_in_late_is_seen():
    net = Net()
    _, report = traced(net, MANY + 3 * _AGAIN, lambda x: (x * gain).sum(), late_from=MANY - 5)
    assert verdicts(report)["net.late.weight"] == "cut"


def test_what_is_frozen_meanwhile_is_judged_as_it_is_then():
    net = Net()
    told = []
    for rounds in (6, MANY):
        net.requires_grad_(True)
        with gradviz.trace() as trace:
            sampled(net, rounds)
            net.first.requires_grad_(False)
            x = sampled(net, rounds)
            loss = (x * gain).sum()
        told.append(cuts(trace.report(loss, {"net": net, "gain": gain})))
    assert told[0] == told[1]


def test_a_module_with_gradient_is_watched_as_ever():
    net = Net()
    with gradviz.trace() as trace:
        sampled(net, MANY)
        loss = net(torch.ones(1, 4)).sum()
    assert verdicts(trace.report(loss, net))["first.weight"] == "reached"
