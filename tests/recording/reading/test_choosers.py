"""Whether a value may be chosen by other values than the one that it is."""

import ast

import pytest

from gradviz.recording.reading.choosers import branches_in, may_choose, may_round


def parsed(text):
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    "text",
    [
        "max(a, b)",
        "sorted(values)[0]",
        "np.where(mask, a, b)",
        "[v for v in values if v > 0]",
        "a if better else b",
        "a or b",
        "max(0.0, a) + b",
        "statistics.median(values)",
    ],
)
def test_one_of_two_values_is_chosen_by_both(text):
    assert may_choose(parsed(text))


@pytest.mark.parametrize(
    "text",
    [
        "total / max(n, 1)",
        "np.where(True, a, b)",
        "[v for v in values if v is not None]",
        "[v for k, v in pairs if k == 'loss']",
        "a if n > 1 else b",
        "sum(values) / len(values)",
    ],
)
def test_a_count_a_text_or_an_object_chooses_no_value(text):
    assert not may_choose(parsed(text))


def test_a_branch_that_a_comparison_opens_chooses():
    function = ast.parse("def f(a, b):\n    if a > b:\n        b = a\n    return b").body[0]
    assert [*branches_in(function)] == [(2, 3)]


def test_a_branch_of_a_count_chooses_nothing():
    function = ast.parse("def f(w):\n    if len(w) > 3:\n        w.pop(0)\n    return w").body[0]
    assert [*branches_in(function)] == []


@pytest.mark.parametrize("text", ["np.sign(rows)", "rows.round(2)", "rows // 2"])
def test_a_long_number_can_become_a_short_one(text):
    assert may_round(parsed(text))


@pytest.mark.parametrize("text", ["np.zeros(3)", "rows / 2", "rows[0]"])
def test_what_is_divided_or_read_is_not_rounded(text):
    assert not may_round(parsed(text))
