"""A value that leaves torch is noted where it left, and an array that comes back is it."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.dlpack import from_dlpack, to_dlpack
from traced import X, cut, report_of, through, verdict

import gradviz
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


def test_what_another_looks_up_by_an_address_may_have_been_read_there():
    def looked_up(net, table=copy.__dict__):
        return table.get(net.first.weight.data_ptr(), 2.0)

    told = of_the_first_by(looked_up)
    assert (told.verdict, told.uncertain) == (Verdict.UNUSED, True)


def loaded(module):
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("copied", [loaded, lambda module: pickle.loads(pickle.dumps(module))])
def test_a_module_that_is_pickled_and_read_again_is_a_copy_of_itself_alone(copied):
    first, second, last = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1)
    model = nn.ModuleList([first, second, last])
    with gradviz.trace() as trace:
        copies = [copied(module) for module in (first, second)]
        loss = last(copies[0](torch.ones(2))).sum()
    report = trace.report(loss, model)
    verdicts = [report.parameters[name].verdict for name in ("0.weight", "0.bias", "1.weight")]
    assert verdicts == [Verdict.CUT, Verdict.CUT, Verdict.UNUSED]
    assert {found.operation for found in report.cuts} == {"pickle"}


def test_a_module_that_is_saved_and_used_itself_is_reached():
    model = nn.Linear(2, 1)
    with gradviz.trace() as trace:
        loaded(model)
        loss = model(torch.ones(2)).sum()
    report = trace.report(loss, model)
    assert report.parameters["weight"].verdict is Verdict.REACHED
    assert not report.cuts


def test_of_saved_tensors_only_the_one_that_is_read_out_is_in_it():
    model = nn.ParameterDict({name: torch.randn(5, 5) for name in ("read", "left", "other")})
    with gradviz.trace() as trace:
        saved = pickle.loads(pickle.dumps(model.state_dict()))
        loss = (saved["read"] * model["other"]).sum()
    report = trace.report(loss, model)
    assert report.parameters["read"].verdict is Verdict.CUT
    assert report.parameters["left"].verdict is Verdict.UNUSED
