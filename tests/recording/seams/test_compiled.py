"""What compiles, traces or exports is watched, and put back."""

import pytest
import torch
from torch import nn
from traced import X, report_of, verdict

from gradviz.graph import Verdict
from gradviz.recording.seams.compiled import seams


def test_what_compiles_is_put_back_as_it_was():
    assert {seam.name for seam in seams()} >= {"compile", "trace"}
    for seam in seams():
        original = vars(seam.owner)[seam.name]
        seam.put_in()
        assert vars(seam.owner)[seam.name] is not original
        seam.take_out()
        assert vars(seam.owner)[seam.name] is original


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_model_traced_by_torch_in_a_step_has_nothing_of_the_watching_in_it():
    drawn = []

    def step(net):
        drawn.append([node.kind() for node in torch.jit.trace(nn.Linear(3, 3), X).graph.nodes()])
        return net.last(net.first(X)).sum()

    assert verdict(report_of(step)) is Verdict.REACHED
    plain = [node.kind() for node in torch.jit.trace(nn.Linear(3, 3), X).graph.nodes()]
    assert drawn == [plain]


def test_what_is_compiled_in_a_step_runs_as_it_is_written():
    def step(net):
        doubled = torch.compile(lambda h: h.detach() * 2, backend="eager")
        return net.last(doubled(net.first(X))).sum()

    report = report_of(step)
    assert verdict(report) is Verdict.CUT
    assert "h.detach()" in report.cuts[0].code


def test_a_branch_that_torch_runs_passes_gradient_to_what_it_reads():
    def step(net):
        hidden = net.first(X)
        chosen = torch.cond(hidden.sum() > -1e9, lambda h: h.sin(), lambda h: h.cos(), (hidden,))
        return net.last(chosen).square().mean()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_what_is_severed_before_that_branch_is_cut_there():
    def step(net):
        hidden = net.first(X).detach()
        chosen = torch.cond(hidden.sum() > -1e9, lambda h: h.sin(), lambda h: h.cos(), (hidden,))
        return net.last(chosen).square().mean()

    report = report_of(step)
    assert verdict(report) is Verdict.CUT
    assert [cut.operation for cut in report.cuts] == ["detach()"]
