"""A backward that gradviz runs itself leaves nothing behind: no gradient, no random state."""

import random

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import gradviz
from gradviz.graph import Verdict


@pytest.mark.parametrize("reentrant", [None, False, True])
def test_gradients_buffers_and_random_states_are_as_they_were(reentrant):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    x = torch.ones(4, 3, requires_grad=True)
    net[0].weight.grad = kept = torch.ones(3, 3)
    with gradviz.trace() as trace:
        out = net(x) if reentrant is None else checkpoint(net, x, use_reentrant=reentrant)
        loss = out.square().mean()
    before = (net[1].running_mean.clone(), torch.get_rng_state(), random.getstate())
    report = trace.report(loss, net, backward=True)
    assert report.parameters["0.weight"].verdict is not Verdict.UNUSED
    assert net[0].weight.grad is kept
    assert torch.equal(kept, torch.ones(3, 3))
    assert net[0].bias.grad is None
    assert torch.equal(net[1].running_mean, before[0])
    assert torch.equal(torch.get_rng_state(), before[1])
    assert random.getstate() == before[2]
    loss.backward()  # the graph is there still


def test_a_graph_that_is_freed_is_said_to_be():
    net = nn.Linear(2, 1)
    with gradviz.trace() as trace:
        loss = net(torch.ones(1, 2)).square().sum()
    loss.backward()
    report = trace.report(loss, net, backward=True)
    assert any("freed the graph" in note for note in report.notes)
