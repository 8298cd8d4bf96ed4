"""Reports on a model that was carried to other memory after the trace."""

import copy

import pytest
import torch
from torch import nn

import gradviz

WAYS = {
    "to another type": nn.Module.double,
    "to shared memory": nn.Module.share_memory,
    "to another type and back": lambda model: model.half().float(),
    "by hand": lambda model: [
        setattr(parameter, "data", parameter.data * 2) for parameter in model.parameters()
    ],
}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last, self.spare = nn.Linear(4, 3), nn.Linear(3, 1), nn.Linear(2, 2)
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(3))])

    def forward(self, x):
        return self.last(self.first(x).detach() * self.scales[0])


def verdicts(report):
    return {name: found.verdict for name, found in report.parameters.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("backward", [True, False])
def test_what_became_of_the_gradient_stays_as_it_was(way, backward):
    model = Net()
    with gradviz.trace() as trace:
        loss = model(torch.randn(5, 4)).sum()
        if backward:
            loss.backward()
    before = trace.report(loss, model)
    WAYS[way](model)
    after = trace.report(loss, model)
    assert verdicts(after) == verdicts(before)
    assert [cut.line for cut in after.cuts] == [cut.line for cut in before.cuts]
    assert not after.unregistered
    assert verdicts(after)["first.weight"] == "cut"
    assert verdicts(after)["spare.weight"] == "unused"
    assert verdicts(after)["scales.0"] == "reached"


def test_a_parameter_that_was_put_in_after_the_trace_is_another():
    model = Net()
    with gradviz.trace() as trace:
        loss = model(torch.randn(5, 4)).sum()
        loss.backward()
    model.last = copy.deepcopy(model.last)
    model.half()
    assert verdicts(trace.report(loss, model))["last.weight"] == "unused"
    assert verdicts(trace.report(loss, Net()))["last.weight"] == "unused"
