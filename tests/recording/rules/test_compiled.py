"""What torch compiles for itself and runs is one operation of what it read."""

import torch
from traced import X, report_of, verdict

from gradviz.graph import Verdict


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
