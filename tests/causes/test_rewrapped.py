"""A tensor of the numbers of another is a new one, and so is a deep copy."""

import copy

import pytest
import torch
from torch import nn
from traced import X, cut, report_of, through

from gradviz.causes import is_plain
from gradviz.graph import CutKind


@pytest.mark.filterwarnings("ignore:To copy construct")
@pytest.mark.parametrize(
    ("change", "operation"),
    [
        (lambda hidden: torch.tensor(hidden), "torch.tensor()"),
        (lambda hidden: hidden.new_tensor(hidden), "new_tensor()"),
        (lambda hidden: nn.Parameter(hidden), "nn.Parameter"),
        (lambda hidden: torch.autograd.Variable(hidden), "torch.Variable()"),
    ],
)
def test_a_new_tensor_has_the_numbers_alone(change, operation):
    found = cut(through(change))
    assert (found.kind, found.operation) == (CutKind.NEW_TENSOR, operation)


def test_gradient_reaches_a_deep_copy_and_not_what_it_was_copied_from():
    report = report_of(lambda net: net.last(copy.deepcopy(net.first)(X)).square().mean())
    assert cut(report).kind is CutKind.DEEPCOPY
    assert is_plain(cut(report))


def test_a_live_value_that_is_written_into_a_tensor_under_no_grad_is_a_constant_there():
    kept = torch.zeros(4, 3)

    def step(net):
        hidden = net.first(X)
        with torch.no_grad():
            kept.copy_(hidden)
        return net.last(kept).square().mean()

    found = cut(report_of(step))
    assert found.kind is CutKind.COPY_UNDER_NO_GRAD
    assert found.code == "kept.copy_(hidden)"
