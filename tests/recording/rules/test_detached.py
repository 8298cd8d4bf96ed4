"""A value is taken out of the graph in place, by .data, or by assigning to .data."""

import copy

import torch
from traced import X, cut, report_of, verdict

from gradviz.graph import CutKind, Verdict


def test_detach_in_place_cuts_what_comes_after_and_not_what_came_before():
    def step(net):
        hidden = net.first(X)
        before = hidden * 2
        hidden.detach_()
        return net.last(before).sum() + net.last(hidden).sum()

    report = report_of(step)
    assert verdict(report) is Verdict.REACHED
    assert report.parameters["first.weight"].partial


def test_a_leaf_that_is_detached_in_place_is_frozen_and_cut_from_nothing():
    def step(net):
        net.first.weight.detach_()
        return net.last(net.first(X)).sum()

    report = report_of(step)
    assert verdict(report) is Verdict.FROZEN
    assert report.parameters["first.bias"].verdict is Verdict.REACHED


def test_what_is_assigned_to_data_is_severed_there():
    def step(net):
        weight = torch.zeros(3, 3)
        weight.data = net.first.weight * 2
        return net.last(X @ weight).square().mean()

    assert cut(report_of(step)).kind is CutKind.DATA


def test_a_tensor_written_into_its_own_data_is_severed_from_nothing():
    def step(net):
        net.first.weight.data = net.first.weight.data * 2
        return net.last(net.first(X)).sum()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_a_copy_that_is_put_where_it_is_already_stays_a_copy():
    def step(net):
        averaged = copy.deepcopy(net.first).to("cpu")
        return net.last(averaged(X)).sum()

    assert cut(report_of(step)).kind is CutKind.DEEPCOPY


def test_a_module_that_is_put_where_it_is_already_trains():
    def step(net):
        return net.to("cpu").last(net.first(X)).sum()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_nan_that_is_assigned_to_the_data_of_a_parameter_is_told_with_that_line():
    def step(net):
        net.first.weight.data = torch.full((3, 3), torch.nan)
        return net.last(net.first(X)).sum()

    (birth,) = report_of(step).births
    assert birth.holder == "first.weight"
    assert birth.written.code == "net.first.weight.data = torch.full((3, 3), torch.nan)"
