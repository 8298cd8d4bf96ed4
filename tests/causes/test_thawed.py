"""A parameter that was frozen while the forward used it is cut, one that still is is frozen."""

from traced import X, cut, report_of, verdict

from gradviz.causes import explain
from gradviz.graph import CutKind, Verdict


def step(net, *, thaw):
    net.first.requires_grad_(False)
    hidden = net.first(X)
    net.first.requires_grad_(thaw)
    return net.last(hidden).square().mean()


def test_thawed_too_late_is_a_cut_of_the_line_that_froze_it():
    found = cut(report_of(lambda net: step(net, thaw=True)))
    assert found.kind is CutKind.FROZEN
    assert found.code == "net.first.requires_grad_(False)"
    assert "before the forward" in explain(found).mend


def test_still_frozen_is_no_cut():
    report = report_of(lambda net: step(net, thaw=False))
    assert verdict(report) is Verdict.FROZEN
    assert not report.cuts
