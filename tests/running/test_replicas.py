"""Whether the weights of ranks are alike, from marks made by hand."""

import pytest

from gradviz.running.replicas import apart

MARK = (1.0, 0.5, 0.1)


@pytest.mark.parametrize(
    ("other", "number"),
    [
        (MARK, 0),
        ((1.0 + 1e-7, 0.5, 0.1), 0),  # rounding on another processor
        ((1.05, 0.5, 0.1), 1),
        ((1.0, 0.55, 0.1), 1),
        ((1.0, 0.5, 0.2), 0),
    ],
)
def test_weights_differ_that_are_further_apart_than_rounding(other, number):
    assert apart([[{"w": MARK}], [{"w": other}]]) == (number, ["w"] * number)


def test_the_first_step_after_which_weights_differ_is_told_and_which():
    same = {"w": MARK, "v": MARK}
    assert apart([[same, same], [same, {"w": MARK, "v": (2.0, 0.5, 0.1)}]]) == (2, ["v"])


def test_what_one_rank_alone_has_is_held_against_nothing():
    assert apart([[{"w": MARK}], [{"v": (2.0, 0.5, 0.1)}]]) == (0, [])
    assert apart([[{"w": MARK}], []]) == (0, [])
