"""Text takes as much room as it is wide, in columns of a fixed font."""

import pytest

from gradviz.render.text_width import columns, wrapped


@pytest.mark.parametrize(("text", "wide"), [("", 0), ("weight", 6), ("重み", 4), ("e\u0301", 1)])
def test_a_wide_character_takes_two_columns_and_one_that_combines_none(text, wide):
    assert columns(text) == wide


@pytest.mark.parametrize("text", ["one two three four", "short", "averylongword ab", ""])
def test_wrapped_lines_hold_all_of_the_text_and_none_is_too_long(text):
    lines = wrapped(text, 9)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(columns(line) <= 9 for line in lines)


def test_lines_are_as_even_as_they_can_be():
    assert wrapped("one two three four", 14) == ["one two", "three four"]
