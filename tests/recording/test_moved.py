"""What an optimizer's step brings into a leaf."""

import pytest
import torch
from tapes import call, run

from gradviz.recording.moved import moved_by, stepped
from gradviz.recording.tape import Tape


@pytest.fixture
def tape():
    return Tape()


@pytest.fixture
def weight():
    return torch.ones(2, requires_grad=True)


def test_a_leaf_is_moved_by_the_losses_of_the_backwards_before_the_step(tape, weight):
    first = run(tape, (weight * 3).sum())
    stepped(tape, weight)
    run(tape, (weight * 4).sum())
    (number,) = moved_by(tape, tape.leaf_number(weight))
    assert tape.calls[number].inputs == ((first, True),)


def test_a_backward_stands_for_the_same_call_every_time(tape, weight):
    run(tape, (weight * 3).sum())
    stepped(tape, weight)
    leaf = tape.leaf_number(weight)
    assert moved_by(tape, leaf) == moved_by(tape, leaf)


def test_a_leaf_that_no_optimizer_moved_is_moved_by_nothing(tape, weight):
    run(tape, (weight * 3).sum())
    assert moved_by(tape, tape.leaf_number(weight)) == ()


def test_a_gradient_that_was_assigned_moves_by_what_made_it(tape, weight):
    tape.leaf(weight)
    for number in (21, 22, 21):
        call(tape, number)
        weight.grad = torch.ones(2)
        tape.set_origin(weight.grad, number)
        stepped(tape, weight)
    assert moved_by(tape, tape.leaf_number(weight)) == (21, 22)


def test_a_step_without_a_gradient_moves_nothing(tape, weight):
    tape.leaf(weight)
    stepped(tape, weight)
    stepped(tape, torch.ones(1))
    assert tape.stepped == {}
