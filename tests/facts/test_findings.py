"""The fields of a report, before anything is known."""

from gradviz.facts.findings import Findings


def test_of_no_loss_nothing_is_found():
    nothing = Findings()
    assert not nothing.parameters
    assert nothing.graph.nodes == nothing.cuts == nothing.births == ()
    assert nothing == Findings()


def test_two_of_them_share_nothing():
    assert Findings().losses is not Findings().losses
