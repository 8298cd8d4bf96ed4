"""What is looked up of a call that was told before is what would have been found."""

import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording.calls import familiar
from gradviz.recording.rules import ordinary


def fed_back(net):
    x = torch.ones(2, 4)
    with torch.no_grad():
        for _ in range(5):
            x = torch.relu(net(x)) + torch.ones(2, 4)
    return (net(torch.ones(2, 4)) * x).sum()


def blocks_of_one_line(net):
    made = []
    for block in (torch.no_grad, torch.inference_mode, torch.no_grad, torch.enable_grad) * 2:
        with block():
            made.append(torch.tanh(net[0].weight))
    return sum((one * (place + 1)).sum() for place, one in enumerate(made)) + net[1].weight.sum()


def written_between(net):
    with torch.no_grad():
        for turn in range(6):
            state = net[0].weight * 2
            if turn == 5:
                state[0] = net[1](torch.ones(4))
            out = torch.tanh(state)
    return (out * net[0].bias).sum()


def leaves_torch(net):
    scale = 1.0
    for turn in range(6):
        if turn == 4:
            scale = net[1].bias.sum().item()
        with torch.no_grad():
            x = net[0].weight * scale
    return (net[0](torch.ones(2, 4)) * x.mean()).sum()


def thawed_between(net):
    x = torch.ones(2, 4)
    for turn in range(6):
        net[0].requires_grad_(turn == 3)
        with torch.no_grad():
            x = net[0](x)
    net[0].requires_grad_(True)
    return (net[1](x)).sum()


def joined(net):
    kept = []
    with torch.no_grad():
        for _ in range(4):
            both = torch.cat([net[0](torch.ones(2, 4)), net[1](torch.ones(2, 4))])
            kept.append(torch.tanh(both)[:2] * 2)
    return (net[0].weight * sum(kept).mean()).sum()


def sparse_and_mapped(net):
    x = torch.ones(4, 4)
    with torch.no_grad():
        for _ in range(4):
            x = torch.sparse.mm((net[0].weight * x).to_sparse(), x)
            x = torch.func.vmap(lambda row: torch.tanh(net[0].weight @ row))(x)
    return (net[1](x)).sum()


STEPS = [
    fed_back,
    blocks_of_one_line,
    written_between,
    leaves_torch,
    thawed_between,
    joined,
    sparse_and_mapped,
]


def reported(step):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    with gradviz.trace() as trace:
        loss = step(net)
    report = trace.report(loss, {"net": net})
    assert len(report.notes) == 1  # that no backward ran
    return {
        name: (parameter.verdict, parameter.partial, parameter.uncertain, parameter.cuts)
        for name, parameter in report.parameters.items()
    }, loss.item()


@pytest.mark.parametrize("step", STEPS)
def test_a_report_is_the_same_whether_or_not_calls_are_looked_up(step, monkeypatch):
    looked_up = reported(step)
    monkeypatch.setattr(ordinary, "told_before", lambda call: False)
    assert reported(step) == looked_up


def test_the_rounds_of_a_loop_without_gradient_are_looked_up(monkeypatch):
    answers = []

    def counted(call):
        answers.append(familiar.told_before(call))
        return answers[-1]

    monkeypatch.setattr(ordinary, "told_before", counted)
    reported(fed_back)
    assert sum(answers) >= 8
