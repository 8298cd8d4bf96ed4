"""What is read out of ``.grad`` is made of the loss whose backward left it there."""

import pytest
import torch
from tapes import run

from gradviz.graph import CutKind
from gradviz.recording.brought import Backward
from gradviz.recording.gradients import LeftGradients, reaches
from gradviz.recording.tape import Tape


@pytest.fixture
def tape():
    return Tape()


@pytest.fixture
def weight():
    return torch.ones(2, requires_grad=True)


def made_of(tape, gradient):
    """Return what a gradient is made of; None where nothing is known of it."""
    number = tape.origin(gradient)
    return None if number is None else tape.calls[number].inputs


def test_a_gradient_is_made_of_the_loss_of_the_backward_that_brought_it(tape, weight):
    root = run(tape, (weight * 3).sum())
    LeftGradients(tape).read(weight, weight.grad)
    assert made_of(tape, weight.grad) == ((root, True),)
    assert tape.calls[tape.origin(weight.grad)].kind is CutKind.GRAD_WITHOUT_GRAPH


def test_a_gradient_that_was_added_to_is_made_of_both_losses(tape, weight):
    gradients = LeftGradients(tape)
    run(tape, (weight * 3).sum())
    gradients.read(weight, weight.grad)
    first = tape.origin(weight.grad)
    second = run(tape, (weight * 4).sum())
    gradients.read(weight, weight.grad)
    assert made_of(tape, weight.grad) == ((second, True), (first, False))


def test_what_is_read_twice_is_noted_once(tape, weight):
    gradients = LeftGradients(tape)
    run(tape, (weight * 3).sum())
    gradients.read(weight, weight.grad)
    count = len(tape.calls)
    gradients.read(weight, weight.grad)
    assert len(tape.calls) == count


def test_what_was_brought_before_a_gradient_was_replaced_is_in_it_no_more(tape, weight):
    gradients = LeftGradients(tape)
    run(tape, (weight * 3).sum())
    weight.grad = torch.zeros(2)
    gradients.replaced(weight)
    gradients.read(weight, weight.grad)
    assert made_of(tape, weight.grad) is None


def test_a_backward_that_brought_nothing_there_is_not_what_it_is_made_of(tape, weight):
    other = torch.ones(2, requires_grad=True)
    tape.leaf(weight)
    run(tape, (other * 3).sum())
    weight.grad = torch.zeros(2)
    LeftGradients(tape).read(weight, weight.grad)
    assert made_of(tape, weight.grad) is None


def test_a_backward_that_was_not_watched_is_not_known_to_reach_anything():
    assert not reaches(Backward((1,), None, None), 1)
    assert not reaches(Backward((1,), None, None), None)


def test_the_gradient_of_a_value_between_is_made_of_the_loss_as_well(tape, weight):
    product = weight * 2
    product.retain_grad()
    root = run(tape, (product * 3).sum())
    LeftGradients(tape).read(product, product.grad)
    assert made_of(tape, product.grad) == ((root, True),)


def test_a_gradient_with_a_graph_of_its_own_is_left_as_it_is(tape, weight):
    run(tape, (weight * 3).sum())
    recorded = weight * 1
    LeftGradients(tape).read(weight, recorded)
    assert made_of(tape, recorded) is None
