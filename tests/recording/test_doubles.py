"""Numbers are known again by all their digits, and by nothing less."""

import struct

import pytest

from gradviz.recording.doubles import Doubles


def single(number):
    """Return a number as one of single precision leaves a tensor."""
    return struct.unpack("f", struct.pack("f", number))[0]


@pytest.mark.parametrize("change", [1, -1, 2, 0.5, -0.25])
def test_a_number_is_known_again_with_another_sign_or_doubled_or_halved(change):
    doubles = Doubles()
    doubles.left([single(0.7123)], 5)
    assert doubles.sources([single(0.7123) * change]) == (5,)


@pytest.mark.parametrize("number", [0.7123, single(0.7123) + 1e-9, single(1.5), single(1 / 3), 0.0])
def test_a_number_of_other_digits_or_one_that_programs_are_full_of_is_not(number):
    doubles = Doubles()
    doubles.left([single(0.7123), single(1.5), single(1 / 3), 0.7123, 0.0], 5)
    assert doubles.sources([number]) == ()


def test_what_left_last_counts():
    doubles = Doubles()
    doubles.left([single(0.7123)], 5)
    doubles.left([single(0.7123)], 6)
    assert doubles.sources([single(0.7123)]) == (6,)


def test_what_is_no_number_is_no_other():
    doubles = Doubles()
    doubles.left([float("nan"), float("inf")], 5)
    assert doubles.sources([float("nan"), float("inf")]) == ()


def test_of_equal_numbers_the_one_that_was_only_shown_is_not_taken():
    doubles = Doubles()
    doubles.left([0.7123456001281738], 3)
    doubles.left([0.7123456001281738], 4, shown=True)
    assert doubles.sources([0.7123456001281738]) == (3,)
    doubles.left([0.7123456001281738], 5)
    assert doubles.sources([0.7123456001281738]) == (5,)


@pytest.mark.parametrize("part", [3, 7, 97, 129])
@pytest.mark.parametrize("whole", [1, 2, 128, 1001])
def test_a_fraction_of_two_small_numbers_tells_nothing_up_to_a_rounding(part, whole):
    doubles = Doubles()
    fraction = whole / part
    doubles.left([single(fraction), single(fraction * 1.0012345)], 5)
    assert doubles.sources([single(fraction)]) == ()
    assert doubles.sources([single(fraction * 1.0012345)]) == (5,)


@pytest.mark.parametrize("part", [131, 1009])
def test_a_fraction_of_a_larger_number_tells(part):
    doubles = Doubles()
    doubles.left([single(64 / part)], 5)
    assert doubles.sources([single(64 / part)]) == (5,)
