"""What failed is kept as a line, and a loop's values are bundled once."""

import gc

import pytest
import torch
from tapes import call

from gradviz.recording.recorder import Met, _bundle, described, spot_of
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


def test_memory_is_new_once_by_whatever_tensor():
    met, tensor = Met(), torch.ones(4)
    assert met.is_new(tensor)
    assert not met.is_new(tensor)
    assert not met.is_new(tensor[2:])
    assert met.is_new(torch.ones(4))


def test_memory_that_something_beside_torch_may_write_is_new_again():
    met, first, second = Met(), torch.ones(4), torch.ones(4)
    met.is_new(first), met.is_new(second)
    met.forget(first[1:])
    assert met.is_new(first)
    assert not met.is_new(second)
    met.forget_all()
    assert met.is_new(first)
    assert met.is_new(second)


def test_a_tensor_without_memory_of_its_own_is_never_new():
    met, sparse = Met(), torch.eye(2).to_sparse()
    assert not met.is_new(sparse)
    met.forget(sparse)


def test_nothing_is_kept_of_memory_that_is_gone():
    met = Met()
    met.is_new(torch.ones(4))
    gc.collect()
    assert met._storages == {}
