"""Each way by which a value becomes a number, a list, a text or an array is written as typed."""

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
