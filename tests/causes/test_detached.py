"""Each way to take a value out of the graph on purpose is a kind, told by how it was written."""

import pytest
from traced import cut, through

from gradviz.causes import is_plain
from gradviz.graph import CutKind


def in_place(hidden):
    hidden = hidden * 1
    hidden.detach_()
    return hidden


@pytest.mark.parametrize(
    ("change", "kind", "operation"),
    [
        (lambda hidden: hidden.detach(), CutKind.DETACH, "detach()"),
        (in_place, CutKind.DETACH_, "detach_()"),
        (lambda hidden: hidden.data, CutKind.DATA, ".data"),
    ],
)
def test_a_value_taken_out_of_the_graph(change, kind, operation):
    found = cut(through(change))
    assert (found.kind, found.operation) == (kind, operation)
    assert is_plain(found)
