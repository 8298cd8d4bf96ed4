"""Which parameters are copies of which others is read off the graph of a loss."""

import copy

import torch
from torch import nn

import gradviz
from gradviz.training.copies import find_copies


def test_the_parameters_of_a_deep_copy_are_copies_made_at_its_line():
    with gradviz.trace() as trace:
        first = nn.Linear(3, 2)
        second = copy.deepcopy(first)
        loss = second(torch.ones(1, 3)).sum()
        loss.backward()
    copies = find_copies(trace.report(loss, {"first": first, "second": second}).graph)
    assert {name: original for name, (original, _) in copies.items()} == {
        "second.weight": "first.weight",
        "second.bias": "first.bias",
    }
    assert {place.code for _, place in copies.values()} == {"second = copy.deepcopy(first)"}


def test_two_models_of_the_same_shapes_are_no_copies():
    with gradviz.trace() as trace:
        first, second = nn.Linear(3, 2), nn.Linear(3, 2)
        loss = (second(torch.ones(1, 3)) - first(torch.ones(1, 3)).detach()).sum()
        loss.backward()
    assert not find_copies(trace.report(loss, {"first": first, "second": second}).graph)
