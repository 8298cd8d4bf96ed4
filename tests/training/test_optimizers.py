"""An optimizer that is gone keeps its record, also where another has its identity."""

import sys

import pytest
import torch
from torch import nn

from gradviz.recording.reading.where import Spot
from gradviz.training.optimizers import Optimizers


@pytest.fixture
def renumbered():
    return []


@pytest.fixture
def optimizers(renumbered):
    return Optimizers(lambda before, number: renumbered.append((before, number)))


def take_the_place_of_one_gone(optimizers, kind, line):
    """Record an optimizer at the identity of one that is gone, which a line had made."""
    gone = torch.optim.SGD(nn.Linear(2, 1).parameters(), 0.1)
    record = optimizers.record(gone)
    record.spot = Spot(lasti=line)
    optimizer = kind(nn.Linear(2, 1).parameters(), 0.1)
    optimizers.records[id(optimizer)] = optimizers.records.pop(id(gone))
    del gone
    return record, optimizer, optimizers.record(optimizer)


def test_an_optimizer_that_is_there_has_one_record(optimizers, renumbered):
    optimizer = torch.optim.SGD(nn.Linear(2, 1).parameters(), 0.1)
    assert optimizers.record(optimizer) is optimizers.record(optimizer)
    assert list(optimizers.records) == [id(optimizer)]
    assert not renumbered


def test_the_record_of_one_gone_stays_in_front_under_a_number_of_its_own(optimizers, renumbered):
    before, optimizer, now = take_the_place_of_one_gone(optimizers, torch.optim.Adam, 1)
    assert list(optimizers.records.values()) == [before, now]
    assert [record.kind for record in (before, now)] == ["SGD", "Adam"]
    assert renumbered == [(id(optimizer), next(iter(optimizers.records)))]


def test_of_those_that_one_line_made_the_last_is_kept(optimizers):
    # All that took a place stay alive: one that is freed may give its identity to the next
    taken = [take_the_place_of_one_gone(optimizers, torch.optim.Adam, line) for line in (1, 2, 1)]
    (_, other, last) = (before for before, *_ in taken)
    gone = [record for key, record in optimizers.records.items() if key < 0]
    assert gone == [other, last]


class Own(torch.optim.SGD):
    def __init__(self, parameters, seen):
        super().__init__(parameters, 0.1)
        seen.made(self, sys._getframe(), 1)


def test_an_optimizer_is_made_where_its_class_is_called(optimizers):
    made = Own(nn.Linear(2, 1).parameters(), optimizers)
    place = optimizers.record(made).spot.place
    assert place.code == "made = Own(nn.Linear(2, 1).parameters(), optimizers)"
