"""Patches are sorted by what they make up, bring and disturb, and by how small they are."""

import pytest

from gradviz.mending.effect import Effect
from gradviz.mending.problems import Problem
from gradviz.mending.search import Mend, _distance

PROBLEM = Problem(kind="detach", operation="detach()", places=(), parameters=("a",))


def mend(after=b"ab", *, soft=False, **effect):
    return Mend(
        problem=PROBLEM,
        titles=("t",),
        before={"a.py": b"a"},
        sources={"a.py": after},
        effect=Effect(**{"reached": ("a",), "same_loss": True, **effect}),
        soft=soft,
    )


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (mend(changed=("b",)), mend(soft=True)),
        (mend(reached=("a", "b"), changed=("c",)), mend()),
        (mend(gone=("b",)), mend(changed=("b",))),
        (mend(same_loss=False), mend(gone=("b",))),
        (mend(b"abcd"), mend(same_loss=False)),
        (mend(b"ab"), mend(b"abcd")),
    ],
)
def test_the_better_patch_comes_first(better, worse):
    assert better.rank < worse.rank


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        (b"abc", b"abc", 0),
        (b"abc", b"axc", 2),
        (b"abc", b"abbc", 1),
        (b"", b"ab", 2),
        (b"aa", b"aaa", 1),
    ],
)
def test_how_much_differs_lies_between_the_first_and_the_last_byte_that_do(before, after, count):
    assert _distance(before, after) == count == _distance(after, before)
