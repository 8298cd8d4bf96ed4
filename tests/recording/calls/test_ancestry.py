"""Which values went into which, on a tape written by hand."""

import pytest
from tapes import call, step

from gradviz.recording.brought import Backward
from gradviz.recording.calls.ancestry import (
    brought_by,
    has_behind,
    is_made_of,
    leads_to,
    without_leaf,
)
from gradviz.recording.tape import Tape


@pytest.fixture
def tape():
    """Calls 3 (of 1), 4 (of 2), 5 (of 3 and 4), 6 (of 5 and the step 10); 1 and 2 are leaves.

    The step 11 is made of 10, and 10 of 2.
    """
    tape = Tape()
    call(tape, 3, 1)
    call(tape, 4, 2)
    call(tape, 5, 3, 4)
    call(tape, 6, 5, 10)
    step(tape, 10, 2)
    step(tape, 11, 10)
    return tape


def test_a_value_is_made_of_some_where_every_way_back_ends_in_them(tape):
    assert is_made_of(tape, 5, {1, 2})
    assert is_made_of(tape, 5, {3, 4})
    assert not is_made_of(tape, 5, {1})
    assert not is_made_of(tape, 6, {1, 2})
    assert is_made_of(tape, 6, {5, 10})


def test_less_one_leaf_a_value_is_made_of_the_calls_that_have_it_not_behind(tape):
    assert list(without_leaf(tape, 5, 1)) == [4]
    assert list(without_leaf(tape, 3, 1)) == []
    assert list(without_leaf(tape, 4, 1)) == [4]


def test_beside_what_is_no_call_a_value_is_not_taken_apart(tape):
    assert list(without_leaf(tape, 6, 1)) == [6]


def test_a_value_is_behind_another_through_calls_and_steps(tape):
    assert has_behind(tape, 6, 1)
    assert has_behind(tape, 11, 2)
    assert not has_behind(tape, 11, 1)
    assert not has_behind(tape, 3, 2)


def test_a_backward_leads_to_what_it_passes(tape):
    assert leads_to(tape, (11,), (10,))
    assert leads_to(tape, (11,), (2, 11))
    assert not leads_to(tape, (10,), (11,))


def test_a_value_is_brought_by_the_last_backward_that_passed_it(tape):
    first, second, other = (Backward((root,), None, None) for root in (11, 11, 99))
    tape.backwards += [first, second, other]
    assert brought_by(tape, 10) is second
    assert brought_by(tape, 5) is None
