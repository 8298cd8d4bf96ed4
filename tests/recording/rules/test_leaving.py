"""A value that leaves torch is noted where it left, and an array that comes back is it."""

import numpy as np
import torch
from torch.utils.dlpack import from_dlpack, to_dlpack
from traced import X, cut, report_of, through, verdict

from gradviz.graph import CutKind, Verdict


def test_an_array_that_comes_back_is_cut_where_it_left():
    def step(net):
        array = net.first(X).detach().numpy()
        return net.last(torch.from_numpy(array)).sum()

    found = cut(report_of(step))
    assert found.code == "array = net.first(X).detach().numpy()"


def test_what_numpy_made_of_it_is_followed_too():
    def step(net):
        array = np.tanh(net.first(X).detach().numpy()) * 2
        return net.last(torch.from_numpy(array)).sum()

    assert verdict(report_of(step)) is Verdict.CUT


def test_the_condition_that_torch_checks_itself_takes_nothing_out():
    report = through(lambda hidden: torch.nn.functional.dropout(hidden, 0.5))
    assert not report.cuts


def test_a_number_of_a_value_of_no_interest_is_a_constant():
    def step(net):
        return net.last(net.first(X)).sum() * X.mean().item()

    report = report_of(step)
    assert verdict(report) is Verdict.REACHED
    assert not report.cuts


def test_a_number_that_decides_nothing_and_comes_back_is_cut():
    found = cut(through(lambda hidden: hidden.sum().item() * 2))
    assert (found.kind, found.operation) == (CutKind.ITEM, "item()")


def test_what_comes_back_by_dlpack_is_cut_there():
    def step(net):
        capsule = to_dlpack(net.first(X).detach())
        back = from_dlpack(capsule)
        return net.last(back).sum()

    report = report_of(step)
    assert verdict(report) is Verdict.CUT
    assert not report.notes


def of_the_first_by(number):
    """Return the first layer as it is judged where a number that is made of it counts."""
    return report_of(lambda net: net.last(X).mean() * number(net)).parameters["first.weight"]


def test_a_key_of_addresses_and_a_count_of_bytes_have_no_part_in_the_loss():
    def counted(net):
        seen = {}
        for parameter in net.parameters():
            key = parameter.untyped_storage().data_ptr()
            seen[key] = seen.get(key, 0) + parameter.untyped_storage().nbytes()
        return sum(seen.values()) / 1024

    told = of_the_first_by(counted)
    assert (told.verdict, told.uncertain) == (Verdict.UNUSED, False)


def test_what_lies_under_an_address_has_a_part_in_the_loss():
    def copied(net):
        held = net.first.weight.detach()
        seen = {held.data_ptr(): held}
        return seen[held.data_ptr()].sum()

    assert of_the_first_by(copied).verdict is Verdict.CUT
