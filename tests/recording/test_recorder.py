"""What failed is kept as a line, and a loop's values are bundled once."""

import pytest
from tapes import call

from gradviz.recording.recorder import _bundle, described, spot_of
from gradviz.recording.tape import Tape


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (ValueError("no\nmore"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (KeyError("a"), "KeyError: 'a'"),
    ],
)
def test_a_failure_is_its_type_and_its_first_line(failure, text):
    assert described(failure) == text


def test_values_that_go_one_way_have_one_number_and_the_same_ones_the_same():
    tape = Tape()
    first, second = (tape.call(call(tape, 900 + number)) for number in range(2))
    number = _bundle(tape, (first, second))
    assert tape.calls[number].inputs == ((first, False), (second, False))
    assert _bundle(tape, (first, second)) == number
    assert _bundle(tape, (second,)) != number


def test_what_left_inside_a_custom_function_is_bundled_by_itself():
    tape = Tape()
    inside = object()
    first = tape.call(call(tape, 900))
    second = tape.call(call(tape, 901, inside=inside))
    number = _bundle(tape, (first, second))
    assert tape.calls[number].inputs == ((second, False),)
    assert tape.calls[number].inside is inside


def test_the_line_of_a_call_is_that_of_its_frame():
    import sys

    spot = spot_of(sys._getframe())
    assert spot.code is sys._getframe().f_code
    assert spot.module == -1
