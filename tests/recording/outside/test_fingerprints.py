"""A number is known again by its value, and only where that is no coincidence."""

import struct

import numpy as np
import pytest

from gradviz.recording.outside.fingerprints import Doubles, Fingerprints, is_short
from gradviz.recording.reading.instructions import TextUse

ODD = 0.7310585737228394  # no decimal of a few digits, no fraction


@pytest.fixture
def left():
    """Values that have left torch: number 7 is an odd one."""
    values = Fingerprints()
    values.left(ODD, 7)
    return values


def test_an_odd_number_that_comes_back_is_the_one_that_left(left):
    assert left.sources(ODD) == (7,)
    assert left.sources([1, 2.0, ODD]) == (7,)
    assert left.sources(np.array([0.0, ODD])) == (7,)


def test_single_precision_is_enough_to_know_it(left):
    assert left.sources(np.array([ODD], np.float32)) == (7,)


def test_another_number_is_not_it(left):
    assert left.sources(ODD + 1e-4) == ()
    assert left.sources(np.array([1, 2, 3])) == ()
    assert left.sources("0.7310585737228394") == ()


@pytest.mark.parametrize("value", [0.5, 1 / 3, 0.001, 2.0, 0.0, float("inf")])
def test_numbers_that_programs_are_full_of_tell_nothing(value):
    values = Fingerprints()
    values.left(value, 7)
    assert values.sources(np.array([value, ODD])) == ()


def test_where_many_are_known_a_single_agreement_may_be_a_coincidence():
    values, random = Fingerprints(), np.random.default_rng(0)
    for number in range(600):
        values.left(random.normal(size=16).astype(np.float32), number)
    known = random.normal(size=16).astype(np.float32)
    values.left(known, 999)
    alone = random.normal(size=2048).astype(np.float32)
    alone[5] = known[3]
    assert values.sources(alone) == ()
    assert 999 in values.sources(known)  # a whole copy is none


def test_of_a_text_a_number_is_known_by_the_digits_that_were_written(left):
    left.left(ODD, 8, TextUse.SHOWN)
    left.left(0.123456, 9, TextUse.KEPT)
    assert left.read_back(0.731) == 8
    assert left.read_back(0.732) == 0
    assert left.read_back(0.1235) == 9


@pytest.mark.parametrize(
    ("value", "short"),
    [(0.1, True), (3, True), (None, True), ((2, 0.5), True), (ODD, False), ([1.0, ODD], False)],
)
def test_short_is_what_a_programmer_would_write(value, short):
    assert is_short(value) is short


def test_an_array_that_changes_afterwards_is_known_as_it_was(left):
    array = np.array([0.8413447460685429, 0.9772498680518208])
    left.left(array, 9)
    kept = array.copy()
    array[:] = 0
    assert left.sources(kept) == (9,)


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
