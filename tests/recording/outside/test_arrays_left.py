"""An array is known by its memory, and whether its numbers are there still by their values."""

import numpy as np

from gradviz.recording.outside.arrays_left import ArraysLeft


def left(*arrays):
    """Return what is known of some arrays that left by the calls 1, 2 and so on."""
    known = ArraysLeft()
    for serial, array in enumerate(arrays, 1):
        known.left(array, serial, None)
    return known


def test_a_view_of_an_array_leads_to_the_call_that_took_it_out():
    array = np.random.rand(4, 3)
    found = left(array).of_memory(array[1:].T)
    assert found is not None
    assert found.serial == 1


def test_a_copy_of_an_array_does_not_lead_to_the_call():
    array = np.random.rand(4)
    assert left(array).of_memory(array.copy()) is None


def test_one_number_that_is_still_there_is_enough():
    array = np.random.rand(50).astype(np.float32)
    known = left(array)
    array[1:] = 0
    assert not known.are_gone(1, array, array)
    array[0] = 0
    assert known.are_gone(1, array, array)


def test_numbers_that_programs_are_full_of_tell_nothing():
    array = np.zeros(50, np.float32)
    assert not left(array).are_gone(1, np.ones(50), array)


def test_of_a_large_array_some_numbers_are_compared_where_they_stood():
    array = np.random.rand(100_000)
    known = left(array)
    assert not known.are_gone(1, array, array)
    array[:50_000] = 0
    assert not known.are_gone(1, array, array)
    array[:] = 0
    assert known.are_gone(1, array, array)


def test_nothing_is_said_of_numbers_that_many_others_have_followed():
    arrays = [np.random.rand(2000) for _ in range(40)]
    known = left(*arrays)
    others = np.zeros(10)
    assert not known.are_gone(1, others, None)
    assert known.are_gone(40, others, None)


def test_numbers_in_half_precision_are_told_by_the_digits_that_they_have():
    array = np.random.rand(50).astype(np.float16)
    known = left(array, np.arange(50, dtype=np.float16))
    assert known.are_gone(1, np.ones(50, np.float16), None)
    assert not known.are_gone(1, array, None)
    assert not known.are_gone(2, np.ones(50, np.float16), None)
