"""Which backward calls an optimizer's step follows."""

import pytest
import torch

from gradviz.running.rounds import Rounds


@pytest.fixture
def rounds():
    return Rounds()


@pytest.fixture
def optimizers():
    return [torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0) for _ in range(2)]


def step(rounds, optimizer):
    """Make a step, as a run takes note of it."""
    rounds.steps(optimizer)
    rounds.judged.add(id(optimizer))
    rounds.stepping.remove(id(optimizer))


def test_calls_before_a_step_are_its_round(rounds, optimizers):
    rounds.called(1)
    rounds.called(2)
    assert not rounds.has_stepped
    step(rounds, optimizers[0])
    assert rounds.numbers == [1, 2]
    assert rounds.has_stepped


def test_a_call_after_a_step_begins_a_round(rounds, optimizers):
    rounds.called(1)
    step(rounds, optimizers[0])
    rounds.batch.append("the call")
    rounds.called(2)
    assert rounds.numbers == [2]
    assert rounds.batch == []
    assert rounds.judged == set()


def test_several_optimizers_step_after_one_round(rounds, optimizers):
    rounds.called(1)
    for optimizer in optimizers:
        step(rounds, optimizer)
    assert rounds.numbers == [1]


def test_the_second_step_of_one_optimizer_follows_no_call(rounds, optimizers):
    rounds.called(1)
    step(rounds, optimizers[0])
    step(rounds, optimizers[0])
    assert rounds.numbers == []


def test_a_call_inside_a_step_belongs_to_the_round_of_that_step(rounds, optimizers):
    rounds.called(1)
    rounds.judged.add(id(optimizers[1]))
    rounds.steps(optimizers[0])
    rounds.called(2)
    assert rounds.numbers == [1, 2]


def test_the_most_calls_of_a_round_are_kept(rounds, optimizers):
    for number in (1, 2, 3):
        rounds.called(number)
    step(rounds, optimizers[0])
    rounds.called(4)
    assert rounds.most == 3


def test_a_step_that_was_interrupted_is_over_when_the_next_begins(rounds, optimizers):
    outer, inner = optimizers
    rounds.steps(outer)
    rounds.steps(inner)
    assert rounds.stepping == [id(outer), id(inner)]
    rounds.steps(outer)
    assert rounds.stepping == [id(outer)]


def test_calls_between_two_steps_of_one_optimizer_are_its_cycle(rounds, optimizers):
    rounds.called(1)
    step(rounds, optimizers[0])
    assert rounds.cycle is None
    rounds.called(2)
    rounds.called(3)
    step(rounds, optimizers[0])
    assert rounds.cycle == 2
    rounds.called(4)
    step(rounds, optimizers[1])
    assert rounds.cycle is None
