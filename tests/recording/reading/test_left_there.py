"""What a tensor's value came from is on the tape: the source is not asked again where it left."""

import ast

import numpy as np
import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording.reading.expressions import range_of
from gradviz.recording.reading.left_there import ownerless

WEIGHT = torch.ones(4, requires_grad=True)  # made before every trace


def verdicts(step):
    """Return the verdicts of ``a``, ``b`` and ``c``, of a step over these."""
    model = nn.ParameterDict(
        {name: torch.randn(4, generator=torch.manual_seed(1)) for name in "abc"}
    )
    with gradviz.trace() as trace:
        loss = step(model["a"] * 1, model["b"] * 1, model["c"] * 1)
    parameters = trace.report(loss, model).parameters
    return [(str(parameters[name].verdict), parameters[name].uncertain) for name in "abc"]


def record(history, **values):
    for key, value in values.items():
        history.setdefault(key, []).append(float(value.detach().mean()))


def put(history, key, value):
    history[key] = value.mean().item()


def a_history_by_keyword(a, b, c):
    history = {}
    record(history, a=a, b=b)
    return (WEIGHT * history["a"][-1]).sum()


def a_history_by_key(a, b, c):
    history = {}
    put(history, "a", a)
    put(history, "b", b)
    return (WEIGHT * history["a"]).sum()


def a_tensor_of_a_number_that_leaves_again(a, b, c):
    history = {}
    record(history, a=a, b=b)
    scaled = torch.ones(4) * history["a"][-1]
    return (WEIGHT * torch.tensor(np.abs(scaled.numpy()))).sum()


def a_number_of_a_tensor_of_numbers(a, b, c):
    both = {"a": a.mean().item(), "b": b.mean().item()}
    scaled = torch.full((4,), both["a"])
    return (WEIGHT * (2 * scaled.sum().item())).sum()


@pytest.mark.parametrize(
    "step",
    [
        a_history_by_keyword,
        a_history_by_key,
        a_tensor_of_a_number_that_leaves_again,
        a_number_of_a_tensor_of_numbers,
    ],
)
def test_a_number_beside_one_that_goes_in_is_not_cut(step):
    assert verdicts(step) == [("cut", False), ("unused", True), ("unused", False)]


def the_other_key(a, b, c):
    history = {}
    record(history, a=a, b=b)
    return (WEIGHT * history["b"][-1]).sum()


def a_number_of_a_tensor_and_of_another(a, b, c):
    history = {}
    record(history, a=a, b=b)
    scaled = torch.ones(4) * history["b"][-1]
    total = scaled.sum().item() + history["a"][0] * 0.0 + len(history)
    return (WEIGHT * (total - history["a"][0])).sum()


def test_what_goes_in_by_another_name_is_still_cut():
    assert verdicts(the_other_key) == [("unused", True), ("cut", False), ("unused", False)]
    both = [("cut", False), ("cut", False), ("unused", False)]
    assert verdicts(a_number_of_a_tensor_and_of_another) == both


def test_a_call_by_which_a_value_left_has_no_owner_and_keeps_its_place():
    value = ast.parse("f(x.numpy(), y.numpy(), z)", mode="eval").body
    exits = frozenset([range_of(value.args[0])])
    without = ownerless(value, exits)
    names = [node.id for node in ast.walk(without) if isinstance(node, ast.Name)]
    assert sorted(names) == ["f", "y", "z"]
    assert range_of(without.args[0]) in exits
    assert ownerless(value, frozenset()) is value
