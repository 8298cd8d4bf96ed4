"""A collective that records nothing is a cause with a remedy of its own."""

from gradviz.causes import EXPLANATIONS, explain
from gradviz.graph import Cut, CutKind


def test_a_collective_is_mended_by_one_that_has_a_backward() -> None:
    cut = Cut(kind=CutKind.COLLECTIVE, operation="all_reduce()")
    assert explain(cut) is EXPLANATIONS[CutKind.COLLECTIVE]
    assert "torch.distributed.nn.functional" in explain(cut).mend
