"""Small steps of real torch, traced: what ``first`` makes goes through something into ``last``."""

import torch
from torch import Tensor, nn

import gradviz
from gradviz.graph import Cut, Verdict
from gradviz.reports import Report

X = torch.linspace(-1, 1, 12).reshape(4, 3)


class Net(nn.Module):
    """``first`` is what may be cut off, ``last`` trains all the same."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(3, 3), nn.Linear(3, 2)


def report_of(step, make=Net) -> Report:
    """Trace a step, which is given the net that ``make`` makes and returns a loss, and its
    backward.
    """
    torch.manual_seed(0)
    net = make()
    with gradviz.trace() as trace:
        loss = step(net)
        if loss.requires_grad:
            loss.backward()
    return trace.report(loss, net)


def through(change) -> Report:
    """Trace a step whose hidden value is changed by a function, to something of any shape."""

    def step(net: Net) -> Tensor:
        changed = torch.as_tensor(change(net.first(X)))
        return net.last(X * changed.to(X.dtype).mean()).square().mean()

    return report_of(step)


def verdict(report: Report) -> Verdict:
    """Return what became of the parameter that may be cut off."""
    return report.parameters["first.weight"].verdict


def cut(report: Report) -> Cut:
    """Return the one cut before the parameter that may be cut off."""
    parameter = report.parameters["first.weight"]
    assert parameter.verdict is Verdict.CUT
    assert len(parameter.cuts) == 1, parameter.cuts
    return parameter.cuts[0]
