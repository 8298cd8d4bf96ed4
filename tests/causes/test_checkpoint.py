"""A reentrant checkpoint is a kind of its own, with its meaning and remedy."""

import pytest
from torch.utils.checkpoint import checkpoint
from traced import X, cut, report_of, verdict

from gradviz.causes import explain
from gradviz.graph import CutKind, Verdict


def step(net, x, reentrant=True):
    return net.last(checkpoint(net.first, x, use_reentrant=reentrant)).square().mean()


@pytest.mark.filterwarnings("ignore:None of the inputs")
def test_it_cuts_where_no_input_requires_grad():
    found = cut(report_of(lambda net: step(net, X)))
    assert (found.kind, found.operation) == (CutKind.CHECKPOINT, "checkpoint()")
    assert "use_reentrant=False" in explain(found).mend


def test_it_cuts_nothing_where_an_input_requires_grad_or_it_is_not_reentrant():
    live = report_of(lambda net: step(net, X.clone().requires_grad_()))
    assert verdict(live) is Verdict.REACHED
    assert verdict(report_of(lambda net: step(net, X, reentrant=False))) is Verdict.REACHED
