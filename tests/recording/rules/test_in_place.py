"""What is written into memory belongs to whoever reads it, and to nobody else."""

import torch
from torch import nn
from traced import X, cut, report_of, verdict

from gradviz.graph import CutKind, Verdict


def test_a_write_with_history_passes_gradient():
    def step(net):
        out = torch.zeros(4, 3)
        out[:] = net.first(X)
        out.mul_(2)
        return net.last(out).sum()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_a_write_without_history_is_cut_at_its_line():
    def step(net):
        out, hidden = torch.zeros(4, 3), net.first(X)
        with torch.no_grad():
            out.copy_(hidden)
        return net.last(out).sum()

    found = cut(report_of(step))
    assert (found.kind, found.code) == (CutKind.COPY_UNDER_NO_GRAD, "out.copy_(hidden)")


def test_what_is_overwritten_is_gone():
    def step(net):
        out = torch.zeros(4, 3)
        with torch.no_grad():
            out.copy_(net.first(X))
            out.zero_()
        return net.last(out).sum()

    assert verdict(report_of(step)) is Verdict.UNUSED


def test_a_part_that_is_not_read_is_not_used():
    def step(net):
        out = torch.zeros(8, 3)
        with torch.no_grad():
            out[:4] = net.first(X)
        return net.last(out[4:]).sum()

    assert verdict(report_of(step)) is Verdict.UNUSED


def test_running_statistics_are_written_and_the_norm_passes_gradient():
    norm = nn.BatchNorm1d(3)
    report = report_of(lambda net: net.last(norm(net.first(X))).square().mean())
    assert verdict(report) is Verdict.REACHED
    assert not report.cuts


def test_the_result_of_out_is_what_was_written():
    def step(net):
        out, hidden = torch.zeros(4, 3), net.first(X)
        with torch.no_grad():
            torch.mul(hidden, 2, out=out)
        return net.last(out).sum()

    assert cut(report_of(step)).kind is CutKind.COPY_UNDER_NO_GRAD
