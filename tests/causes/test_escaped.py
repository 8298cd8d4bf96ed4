"""Each way by which a value becomes a number, a list, a text or an array is written as typed."""

import copy
import math

import numpy as np
import pytest
import torch
from traced import cut, through

from gradviz.causes import EXPLANATIONS, explain
from gradviz.graph import CutKind


@pytest.mark.parametrize(
    ("change", "operation"),
    [
        (lambda hidden: hidden.mean().item(), "item()"),
        (lambda hidden: torch.tensor(hidden.tolist()), "tolist()"),
        (lambda hidden: float(hidden.mean()), "float()"),
        (lambda hidden: math.exp(hidden.mean()), "float()"),
        (lambda hidden: int(hidden.mean() * 100), "int()"),
        (lambda hidden: complex(hidden.mean()).real, "complex()"),
    ],
)
def test_a_python_number_is_a_constant_to_the_loss(change, operation):
    found = cut(through(change))
    assert (found.kind, found.operation) == (CutKind.ITEM, operation)
    assert explain(found) is EXPLANATIONS[CutKind.ITEM]


def test_what_numpy_computed_is_a_constant_to_the_loss():
    found = cut(through(lambda hidden: torch.from_numpy(np.tanh(hidden.numpy(force=True)))))
    assert found.kind is CutKind.NUMPY
    assert "torch function of the same name" in explain(found).mend


def test_a_number_that_is_only_printed_cuts_nothing():
    report = through(lambda hidden: [hidden, f"{hidden.mean().item():.3f}"][0])
    assert not report.cuts


def without_grad(hidden):
    with torch.no_grad():
        made = hidden * 2
    return torch.tensor(made.tolist())


@pytest.mark.parametrize(
    "change",
    [
        without_grad,
        lambda hidden: torch.from_numpy(hidden.detach().numpy() * 2),
        lambda hidden: torch.tensor(hidden.data.flatten()[0].item()),
    ],
)
def test_of_a_cut_before_a_value_leaves_torch_the_remedy_is_not_to_leave(change):
    found = cut(through(change))
    assert found.leaves
    assert "Compute in torch" in explain(found).mend
    assert explain(found).meaning == EXPLANATIONS[found.kind].meaning


def by_memory(hidden):
    return torch.empty(0).set_(hidden.detach().untyped_storage(), 0, hidden.shape, hidden.stride())


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (by_memory, "set_()"),
        (lambda hidden: copy.deepcopy(hidden.detach()), "copy.deepcopy()"),
        (lambda hidden: torch.from_dlpack(hidden.detach()), "torch.from_dlpack()"),
        (lambda hidden: torch.nn.Parameter(hidden.data), "nn.Parameter"),
    ],
)
def test_of_a_cut_before_a_value_is_made_anew_the_remedy_is_to_use_it_itself(change, again):
    found = cut(through(change))
    assert found.again == again
    assert f"all the way to the loss: {again} takes it on" in explain(found).mend
    assert explain(found).meaning == EXPLANATIONS[found.kind].meaning


def test_a_memory_that_is_given_to_another_tensor_is_told_as_that():
    def given(hidden):
        with torch.no_grad():
            return torch.empty(0).set_(hidden)

    found = cut(through(given))
    assert found.operation == "set_()"
    assert "Use the other tensor itself" in explain(found).mend


@pytest.mark.parametrize(
    "change",
    [
        lambda hidden: (kept := hidden.detach()) + copy.deepcopy(kept),
        lambda hidden: [hidden.detach(), print(hidden.detach().mean().item())][0],
        lambda hidden: (kept := hidden.detach()) + torch.from_numpy(kept.numpy() * 2),
    ],
)
def test_of_a_cut_with_a_route_that_stays_in_torch_the_remedy_is_its_own(change):
    found = cut(through(change))
    assert not found.leaves
    assert explain(found) is EXPLANATIONS[found.kind]
