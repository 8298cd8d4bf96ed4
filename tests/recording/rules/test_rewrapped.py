"""A tensor over the memory of another has its numbers and not its history."""

import copy

import pytest
import torch
from torch import nn
from traced import X, cut, report_of, through, verdict

from gradviz.graph import CutKind, Verdict


class Tagged(torch.Tensor):
    """A subclass that does nothing."""


@pytest.mark.parametrize(
    "change",
    [
        lambda hidden: nn.Parameter(hidden),
        lambda hidden: torch.autograd.Variable(hidden),
        lambda hidden: torch.nested.nested_tensor([hidden.flatten()]).values(),
        lambda hidden: torch.zeros(4, 3).set_(hidden.detach()),
    ],
    ids=["Parameter", "Variable", "nested", "set_"],
)
def test_it_is_cut(change):
    assert verdict(through(change)) is Verdict.CUT


def test_a_subclass_of_a_live_tensor_has_the_history():
    report = report_of(lambda net: net.last(net.first(X).as_subclass(Tagged)).sum())
    assert verdict(report) is Verdict.REACHED


def test_a_module_that_is_made_in_the_step_severs_nothing_of_itself():
    def step(net):
        made = nn.Linear(3, 3)
        return net.last(made(net.first(X))).sum()

    report = report_of(step)
    assert verdict(report) is Verdict.REACHED
    assert not report.cuts


def test_a_copy_of_a_module_is_one_and_no_new_tensor():
    report = report_of(lambda net: net.last(copy.deepcopy(net.first)(X)).sum())
    assert cut(report).kind is CutKind.DEEPCOPY
