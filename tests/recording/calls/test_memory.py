"""What was written into the memory of tensors, and who reads it there."""

import gc

import pytest
import torch
from tapes import call

from gradviz.recording.calls.memory import is_written, overwritten, pin, write_at, writes, written
from gradviz.recording.tape import Tape


@pytest.fixture
def tape():
    return Tape()


@pytest.fixture
def buffer(tape):
    """Eight floats whose writes are kept."""
    tensor = torch.zeros(8)
    pin(tape, tensor)
    return tensor


def write(tape, tensor, number, *, over=True, family=None):
    call(tape, number, 1)
    written(tape, tensor, number, family, over=over)


def test_a_reader_gets_the_writes_that_share_a_byte_with_it(tape, buffer):
    write(tape, buffer[:4], 11)
    write(tape, buffer[4:], 12)
    assert list(writes(tape, buffer)) == [11, 12]
    assert list(writes(tape, buffer[:4])) == [11]
    assert list(writes(tape, buffer[3:5])) == [11, 12]
    assert is_written(tape, buffer[4:], 12)
    assert not is_written(tape, buffer[:4], 12)


def test_a_write_over_everything_hides_what_was_there(tape, buffer):
    write(tape, buffer[2:4], 11)
    write(tape, buffer, 12)
    assert list(writes(tape, buffer)) == [12]


def test_a_write_that_leaves_what_was_there_hides_nothing(tape, buffer):
    write(tape, buffer, 11)
    write(tape, buffer, 12, over=False)
    assert list(writes(tape, buffer)) == [11, 12]


def test_a_write_with_gaps_hides_nothing(tape, buffer):
    write(tape, buffer, 11)
    write(tape, buffer[::2], 12)
    assert list(writes(tape, buffer)) == [11, 12]


def test_what_is_overwritten_with_something_else_holds_no_write(tape, buffer):
    write(tape, buffer, 11)
    overwritten(tape, buffer[::2])
    assert list(writes(tape, buffer)) == [11]
    overwritten(tape, buffer)
    assert list(writes(tape, buffer)) == []


def test_memory_without_a_write_gives_its_readers_none(tape):
    assert list(writes(tape, torch.zeros(2))) == []
    assert not is_written(tape, torch.zeros(2), 11)


def test_a_write_may_be_told_by_its_bytes(tape, buffer):
    place = pin(tape, buffer)
    write_at(tape, place, 0, 4, 11)
    write_at(tape, 12345, 0, 4, 12)
    call(tape, 11)
    assert list(writes(tape, buffer[:1])) == [11]
    assert list(writes(tape, buffer[1:])) == []


def test_the_writes_go_with_the_memory(tape):
    tensor = torch.zeros(2)
    pin(tape, tensor)
    assert len(tape.memory) == 1
    del tensor
    gc.collect()
    assert tape.memory == {}


def test_what_has_no_memory_of_its_own_is_not_pinned(tape):
    assert pin(tape, torch.eye(2).to_sparse()) == 0
    assert tape.memory == {}


def test_a_write_in_the_readers_own_history_is_not_told(tape):
    weight = torch.ones(4, requires_grad=True)
    product = weight * 2
    pin(tape, product)
    write(tape, product, 11, family=product)
    assert list(writes(tape, product)) == []
    assert list(writes(tape, product[:2])) == []
    assert list(writes(tape, product.detach())) == [11]
