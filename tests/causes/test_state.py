"""A module's state has the numbers of its parameters alone."""

from traced import X, cut, report_of, verdict

from gradviz.causes import explain
from gradviz.graph import CutKind, Verdict


def sized(net, values):
    return net.last(X).square().mean() * sum(value.square().sum() for value in values)


def test_the_state_is_detached_and_the_remedy_names_the_parameters():
    found = cut(report_of(lambda net: sized(net, net.first.state_dict().values())))
    assert (found.kind, found.operation) == (CutKind.DETACH, "state_dict()")
    assert "named_parameters()" in explain(found).mend


def test_the_parameters_themselves_train():
    assert verdict(report_of(lambda net: sized(net, net.first.parameters()))) is Verdict.REACHED
