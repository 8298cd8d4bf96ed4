"""What makes a tensor out of a tensor, an array or memory is seen, and is what it was."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from traced import X, cut, report_of, through, verdict

import gradviz
from gradviz.graph import CutKind, Verdict
from gradviz.recording.seams.tensors import seams


def test_while_nobody_watches_torch_s_own_functions_stand_there():
    originals = {(seam.owner, seam.name): vars(seam.owner).get(seam.name) for seam in seams()}
    with gradviz.trace():
        assert any(vars(owner).get(name) is not value for (owner, name), value in originals.items())
    assert all(vars(owner).get(name) is value for (owner, name), value in originals.items())


def test_a_parameter_made_of_a_live_value_is_cut_and_is_one():
    kinds = []

    def step(net):
        weight = nn.Parameter(net.first(X))
        kinds.append(type(weight))
        return net.last(weight).sum()

    assert cut(report_of(step)).operation == "nn.Parameter"
    assert kinds == [nn.Parameter]


@pytest.mark.parametrize(
    "make",
    [
        lambda hidden: torch.from_numpy(hidden.detach().numpy()),
        lambda hidden: torch.from_numpy(np.array(hidden.detach())),
        lambda hidden: torch.zeros(4, 3).set_(hidden.detach()),
        lambda hidden: torch.Tensor._make_subclass(torch.Tensor, hidden.detach()),
        lambda hidden: torch.from_dlpack(hidden.detach()),
    ],
    ids=["memory", "copy", "set_", "subclass", "dlpack"],
)
def test_a_value_that_comes_back_is_known(make):
    report = report_of(lambda net: net.last(make(net.first(X))).sum())
    assert verdict(report) is Verdict.CUT


def test_an_array_of_no_tensor_is_of_no_interest():
    report = report_of(lambda net: net.last(net.first(X) + torch.from_numpy(np.ones(3, "f"))).sum())
    assert verdict(report) is Verdict.REACHED
    assert not report.cuts


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


def test_a_copy_that_is_given_its_own_memory_again_stays_a_copy():
    def step(net):
        averaged = copy.deepcopy(net.first)
        with torch.no_grad():
            averaged.weight.set_(averaged.weight.contiguous())
        return net.last(averaged(X)).sum()

    assert cut(report_of(step)).kind is CutKind.DEEPCOPY


def test_a_value_that_is_given_its_own_memory_again_is_still_severed():
    def step(net):
        hidden = net.first(X).detach()
        return net.last(hidden.set_(hidden)).sum()

    assert cut(report_of(step)).kind is CutKind.DETACH


def test_a_copy_that_is_given_other_memory_is_none_any_more():
    def step(net):
        averaged = copy.deepcopy(net.first)
        with torch.no_grad():
            averaged.weight.set_(torch.ones(3, 3))
        return net.last(X @ averaged.weight).sum()

    assert verdict(report_of(step)) is Verdict.UNUSED
