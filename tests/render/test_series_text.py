"""The numbers of a run in text: a line for each block."""

import math

from gradviz.render.series_text import render_series
from gradviz.series.data import Line, Series, Turn


def series(norms, calls=(1, 2)):
    made = tuple(
        Line(
            name=name,
            numel=4,
            turns=(Turn(call=calls[0], verdict="reached"),),
            norms=values,
            ratios=(None,) * len(values),
            weights=(None,) * len(values),
            zeros=(None,) * len(values),
        )
        for name, values in norms.items()
    )
    return Series(calls=calls, losses=(None,) * len(calls), parameters=made)


def test_a_block_has_a_mark_for_each_call_and_its_last_norm():
    text = render_series(series({"a.weight": (1.0, 100.0)}))
    title, row = text.splitlines()[:2]
    assert "calls 1 to 2" in title
    assert "1e+0" in title
    assert row.split() == ["a", "▁█", "1.0e+02"]


def test_zero_nan_and_what_was_not_measured_have_marks_of_their_own():
    text = render_series(series({"a.weight": (0.0, math.nan, None, 1.0)}, calls=(1, 2, 3, 4)))
    assert "0!·" in text


def test_without_a_gradient_there_is_a_sentence():
    assert render_series(series({"a.weight": (None, 0.0)})) == (
        "No gradient was measured in the calls that were watched.\n"
    )


def test_of_very_many_blocks_the_middle_ones_are_counted():
    names = {f"{letter}{other}.weight": (1.0, 2.0) for letter in "abcdefgh" for other in "ijklmnop"}
    text = render_series(series(names))
    assert "24 more blocks" in text
    assert len(text.splitlines()) < 50


def test_a_block_far_from_its_siblings_and_where_float32_ends_are_told():
    norms = {f"h.{n}.w": (1.0, norm) for n, norm in enumerate((1e-40, 1e-39, 1.0, 1.0, 1e-4, 1.0))}
    text = " ".join(render_series(series(norms)).split())
    assert "h.4 gets 0.0001 times the gradient of its neighbours h.3 and h.5." in text
    assert (
        "The gradient of h.1 and of 1 block before it is below 1.2e-38, where float32 holds"
        " fewer digits." in text
    )


def test_a_block_that_has_stopped_has_no_last_norm_and_one_that_takes_turns_has():
    norms = {"a.weight": (1.0, 1.0, 1.0, None, None), "b.weight": (None, 2.0, None, 3.0, None)}
    told = render_series(series(norms, calls=(1, 2, 3, 4, 5)))
    first, second = (line.split()[-1] for line in told.splitlines()[1:3])
    assert (first, second) == ("-", "3.0e+00")
