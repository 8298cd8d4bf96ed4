"""The values of a sparse tensor keep their history by the public accessor alone."""

from traced import cut, through, verdict

from gradviz.causes import EXPLANATIONS, explain
from gradviz.graph import CutKind, Verdict


def test_the_private_accessor_is_a_detach_with_a_remedy_of_its_own():
    found = cut(through(lambda hidden: hidden.to_sparse()._values()))
    assert (found.kind, found.operation) == (CutKind.DETACH, "_values()")
    assert explain(found) is not EXPLANATIONS[CutKind.DETACH]


def test_the_public_one_cuts_nothing():
    report = through(lambda hidden: hidden.to_sparse().coalesce().values())
    assert verdict(report) is Verdict.REACHED
