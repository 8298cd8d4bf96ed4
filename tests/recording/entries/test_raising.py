"""Where a backward raised."""

import pytest
import torch
from tapes import step

from gradviz.recording.entries.raising import last_taken, told_of, users_line
from gradviz.recording.tape import Tape


def test_an_error_is_told_by_its_type_and_the_first_line_of_its_text():
    assert told_of(ValueError("no\nand why")) == "ValueError: no"
    assert told_of(ValueError()) == "ValueError"
    assert told_of(ValueError("\nlate")) == "ValueError"


@pytest.fixture
def steps():
    """1 is made of 2 and 3, and both of 4; torch made them in the order 4, 3, 2, 1."""
    tape = Tape()
    step(tape, 1, 2, 3)
    step(tape, 2, 4)
    step(tape, 3, 4)
    step(tape, 4)
    return tape.steps


ORDER = {1: 14, 2: 13, 3: 12, 4: 11}


def test_of_a_backward_that_raised_at_once_it_is_the_root(steps):
    assert last_taken(steps, (1,), ORDER, ()) == 1


def test_of_the_nodes_that_were_ready_it_is_the_one_made_last(steps):
    assert last_taken(steps, (1,), ORDER, {1}) == 2
    assert last_taken(steps, (1,), {**ORDER, 3: 20}, {1}) == 3


def test_a_node_that_waits_for_another_is_not_ready(steps):
    assert last_taken(steps, (1,), {**ORDER, 4: 99}, {1, 2}) == 3
    assert last_taken(steps, (1,), ORDER, {1, 2, 3}) == 4


def test_a_node_that_waits_for_one_far_behind_another_is_not_ready_either():
    tape = Tape()
    step(tape, 1, 2, 5)
    step(tape, 2, 3)
    step(tape, 3, 5)
    step(tape, 5)
    assert last_taken(tape.steps, (1,), {1: 10, 2: 2, 3: 1, 5: 9}, {1}) == 2


def test_a_node_that_was_not_watched_is_not_known_to_have_raised(steps):
    assert last_taken(steps, (1,), {1: 14}, {1}) is None
    assert last_taken(steps, (9,), ORDER, ()) is None
    assert last_taken(steps, (1,), ORDER, {1, 2, 3, 4}) is None


def raise_here(gradient):
    raise ValueError("a hook's")


def caught(loss):
    with pytest.raises(Exception, match=r".") as caught:
        loss.backward()
    return caught.value


def test_the_line_of_a_hook_that_raised_is_the_users():
    weight = torch.ones(2, requires_grad=True)
    product = weight * 2
    product.register_hook(raise_here)
    spot = users_line(caught(product.sum()))
    assert spot.place.code == 'raise ValueError("a hook\'s")'
    assert spot.place.function == "raise_here"


def test_where_torch_itself_raised_there_is_no_line_of_the_users():
    loss = torch.ones(2, requires_grad=True).exp().sum()
    loss.backward()
    assert users_line(caught(loss)) is None


def test_what_raised_outside_the_engine_is_no_line_of_a_backward():
    with pytest.raises(ValueError, match="a hook") as raised:
        raise_here(None)
    assert users_line(raised.value) is None
