"""From a number to a step of a logarithmic scale."""

import math
from itertools import pairwise

import pytest

from gradviz.render.series_scale import Scale, amount, spread


def test_a_scale_holds_what_is_finite_and_above_zero():
    assert Scale.over([0.02, 3.0, None, 0.0, math.inf, math.nan]) == Scale(-2, 1)
    assert Scale.over([1.0]) == Scale(0, 1)
    assert Scale.over([None, 0.0, math.nan]) is None


def test_its_steps_go_from_the_lowest_to_the_highest_and_not_beyond():
    scale = Scale(-2, 2)
    assert [scale.step(number, 4) for number in (0.01, 0.1, 1.0, 10.0, 100.0)] == [0, 1, 2, 3, 3]
    assert scale.step(1e-9, 4) == 0
    assert scale.step(1e9, 4) == 3


@pytest.mark.parametrize(("count", "most"), [(3, 10), (10, 10), (11, 10), (1000, 40), (41, 40)])
def test_an_even_spread_has_the_last_and_no_more_than_is_allowed(count, most):
    places = spread(range(count), most)
    assert len(places) <= most
    assert places[-1] == count - 1
    assert places == sorted({*places})
    gaps = [b - a for a, b in pairwise(places)]
    assert not gaps or max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "-"), (0.0, "0"), (math.nan, "NaN"), (-math.inf, "infinite"), (0.00123, "1.2e-03")],
)
def test_a_number_is_as_a_reader_wants_it(number, text):
    assert amount(number) == text
