"""What takes turns in a sequence."""

import pytest

from gradviz.folding.periods import periods


def siblings(period: int) -> int:
    return 2 if period == 1 else 3


@pytest.mark.parametrize(
    ("kinds", "stretches"),
    [
        ("", []),
        ("a", [(0, 1, 0)]),
        ("aa", [(0, 2, 1)]),
        ("aaa", [(0, 3, 1)]),
        ("ababab", [(0, 6, 2)]),
        ("abab", [(0, 4, 0)]),
        ("aaabababx", [(0, 2, 0), (2, 8, 2), (8, 9, 0)]),
        ("aaabcbcbcx", [(0, 3, 1), (3, 9, 2), (9, 10, 0)]),
    ],
)
def test_what_is_there_often_enough_is_a_stretch_with_its_period(kinds, stretches):
    assert list(periods(kinds, longest=8, least=siblings)) == stretches


def test_no_period_is_longer_than_the_longest():
    assert list(periods("abcabcabc", longest=2, least=siblings)) == [(0, 9, 0)]
    assert list(periods("abcabcabc", longest=3, least=siblings)) == [(0, 9, 3)]


def test_what_is_not_worth_it_leaves_its_place_to_another():
    def is_worth(start, period, length):
        return period > 1

    found = periods("abababaa", longest=8, least=siblings, is_worth=is_worth)
    assert list(found) == [(0, 6, 2), (6, 8, 0)]
