"""The picture and the page open first what a reader has to see most."""

import pytest

from gradviz.folding.concern import Concern, Waiting, concern_of
from gradviz.graph import Verdict


@pytest.mark.parametrize(
    ("verdict", "concern"),
    [
        (None, Concern.WELL),
        (Verdict.REACHED, Concern.WELL),
        (Verdict.FROZEN, Concern.WELL),
        (Verdict.UNUSED, Concern.IDLE),
        (Verdict.CUT, Concern.AILING),
        (Verdict.ZERO, Concern.AILING),
    ],
)
def test_what_gets_no_gradient_though_it_should_has_to_be_seen(verdict, concern):
    assert concern_of(verdict) is concern


def test_what_severs_has_to_be_seen_most_and_what_does_not_train_before_what_is_well():
    assert concern_of(Verdict.CUT, severs=True) is Concern.SEVERS
    assert concern_of(Verdict.REACHED, fails=True) is Concern.AILING


def order(*groups):
    """Return the families in the order of opening: name, depth, concern and size of each group."""
    waiting = Waiting(
        lambda group: group[0],
        lambda group: group[2],
        lambda family: (False, sum(size for *_, size in family)),
    )
    for group in groups:
        waiting.add(group[1], [group])
    return ["".join(name for name, *_ in family) for _, family in waiting]


def test_the_ailing_come_first_then_the_shallowest_then_the_smallest():
    assert order(
        ("large", 1, Concern.WELL, 9),
        ("small", 1, Concern.WELL, 2),
        ("deep", 2, Concern.WELL, 1),
        ("sick", 3, Concern.AILING, 9),
        ("copy", 1, Concern.IDLE, 1),
    ) == ["sick", "small", "large", "deep"]


def test_numbered_siblings_come_together_as_the_worst_of_them():
    waiting = Waiting(str, {"b.0..4": Concern.WELL, "b.5": Concern.SEVERS, "a": Concern.WELL}.get,
                      lambda family: (False, 0))  # fmt: skip
    waiting.add(1, ["a", "b.0..4", "b.5"])
    assert [family for _, family in waiting] == [["b.0..4", "b.5"], ["a"]]


def test_each_concern_is_more_than_the_one_before():
    assert [*Concern] == sorted({*Concern}) == [Concern(number) for number in range(4)]
