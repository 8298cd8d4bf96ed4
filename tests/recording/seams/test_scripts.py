"""A scripted function is called as it is, and what it made is known."""

import pytest
import torch
from traced import X, report_of, verdict

from gradviz.graph import Verdict
from gradviz.recording.seams.scripts import seams

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_what_calls_a_script_is_put_back_as_it_was():
    for seam in seams():
        original = vars(seam.owner)["__call__"]
        seam.put_in()
        seam.take_out()
        assert vars(seam.owner)["__call__"] is original


def test_what_a_scripted_function_passes_on_is_reached_and_its_result_is_the_same():
    @torch.jit.script
    def doubled(x):
        return x * 2

    results = []

    def step(net):
        hidden = doubled(net.first(X))
        results.append(hidden.detach())
        return net.last(hidden).sum()

    assert verdict(report_of(step)) is Verdict.REACHED
    report_of(lambda net: results.append((net.first(X) * 2).detach()) or net.last(X).sum())
    assert torch.equal(*results)


def frozen_alike(net):
    return torch.jit.freeze(torch.jit.script(net.first.eval()))


def test_what_a_frozen_script_has_taken_in_as_a_constant_is_cut_where_it_is_called():
    def step(net):
        return net.last(frozen_alike(net)(X)).square().mean()

    def step_beside(net):
        frozen_alike(net)(X)
        return net.last(net.first(X)).square().mean()

    report = report_of(step)
    assert verdict(report) is Verdict.CUT
    assert "torch.jit.freeze()" in str(report)
    assert not report_of(step_beside).parameters["first.weight"].partial
