"""What the source accounts for hides nothing that left torch before."""

import array
import json
import math

import numpy as np
import pytest
import torch
from torch import nn

import gradviz


def doubt(step):
    """Say whether ``a``, of which a number has left torch and nothing came back, is uncertain."""
    model = nn.ParameterDict({"a": torch.tensor(0.7213), "b": torch.tensor([3.0123, 1.0])})
    with gradviz.trace() as trace:
        loss = step(model["a"], model["b"])
    parameter = trace.report(loss, model).parameters["a"]
    assert str(parameter.verdict) == "unused"
    return parameter.uncertain


def beside_an_array_of_ones(a, b, kept):
    kept.append(a.item())
    return (b * torch.from_numpy(np.ones(2) * math.pi)).sum()


def beside_what_a_caller_gives(a, b, kept):
    kept.append(a.item())
    return scaled(b, [math.sin(n) for n in range(1, 3)])


def scaled(b, factors):
    return (b * torch.tensor(factors)).sum()


@pytest.mark.parametrize("step", [beside_an_array_of_ones, beside_what_a_caller_gives])
def test_numbers_that_the_source_accounts_for_raise_no_doubt(step):
    assert not doubt(lambda a, b: step(a, b, []))


def read_from_a_text(a, b, kept):
    kept.append(a.item())
    return (b * json.loads("0.123456789")).sum()


def wrapped_by_another_library(a, b, kept):
    memory = array.array("d", [float(int(a.item() * 40)), 2.0])
    return (b * torch.frombuffer(memory, dtype=torch.float64).clone()).sum()


def held_by_an_object(a, b, kept):
    kept.append(math.atan(a.item() * 3))
    return (b * kept[0]).sum()


@pytest.mark.parametrize("step", [read_from_a_text, wrapped_by_another_library])
def test_numbers_from_elsewhere_may_be_what_left(step):
    assert doubt(lambda a, b: step(a, b, []))


def test_a_number_that_came_back_through_a_list_of_a_caller_is_not_called_unused_for_certain():
    model = nn.ParameterDict({"a": torch.tensor(0.7213), "b": torch.tensor([3.0123, 1.0])})
    with gradviz.trace() as trace:
        loss = held_by_an_object(model["a"], model["b"], [])
    parameter = trace.report(loss, model).parameters["a"]
    assert str(parameter.verdict) == "cut" or parameter.uncertain
