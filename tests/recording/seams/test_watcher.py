"""What optimizers hold is known, also of one that is gone since."""

import gc

import torch
from torch import nn

from gradviz.recording.entries.identity import Tensors
from gradviz.recording.seams.watcher import Optimized, held_by


def test_what_several_hold_is_held():
    a, b = nn.Linear(1, 1), nn.Linear(1, 1)
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.1) for net in (a, b)]
    assert held_by(optimizers) == {*map(id, (*a.parameters(), *b.parameters()))}


def test_where_none_was_built_nothing_is_known():
    assert Optimized(Tensors()).held() is None


def test_an_optimizer_that_is_gone_held_what_it_held():
    net, optimized = nn.Linear(1, 1), Optimized(Tensors())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    optimized.add(optimizer)
    expected = {*map(id, net.parameters())}
    assert optimized.held() == expected
    del optimizer
    gc.collect()
    assert optimized.held() == expected


def test_one_that_is_there_counts_before_one_that_is_gone():
    first, second, optimized = nn.Linear(1, 1), nn.Linear(1, 1), Optimized(Tensors())
    gone = torch.optim.SGD(first.parameters(), lr=0.1)
    optimized.add(gone)
    stays = torch.optim.SGD(second.parameters(), lr=0.1)
    optimized.add(stays)
    del gone
    gc.collect()
    assert optimized.held() == {*map(id, second.parameters())}
