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
