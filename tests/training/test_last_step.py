"""Whether backward runs on long after the last step of all."""

import threading

import pytest
import torch
from torch import nn

from gradviz.training.last_step import LastStep


class Loop:
    """A training loop that tells of its steps."""

    def __init__(self):
        self.net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1)
        self.last_step = LastStep()

    def backward(self, times=1, *, clear=True):
        for _ in range(times):
            if clear:
                self.optimizer.zero_grad()
            self.net(torch.randn(5, 3)).square().mean().backward()

    def train(self, steps):
        for _ in range(steps):
            self.backward()
            self.optimizer.step()
            self.last_step.took(self.optimizer)


@pytest.fixture
def loop():
    return Loop()


@pytest.mark.parametrize("clear", [True, False])
def test_it_does_where_many_backward_calls_are_followed_by_no_step(loop, clear):
    loop.train(10)
    assert not loop.last_step.is_long_ago()
    loop.backward(8, clear=clear)
    assert loop.last_step.is_long_ago()


def test_a_few_at_the_end_are_none_of_a_training(loop):
    loop.train(10)
    loop.backward(3)
    assert not loop.last_step.is_long_ago()


def test_neither_is_an_evaluation_that_records_a_graph_and_calls_no_backward(loop):
    loop.train(10)
    for _ in range(40):
        loop.net(torch.randn(5, 3))
    assert not loop.last_step.is_long_ago()
    loop.optimizer.zero_grad(set_to_none=False)
    assert not loop.last_step.is_long_ago()


def test_neither_are_steps_that_the_user_makes_by_hand(loop):
    loop.train(5)
    for _ in range(20):
        loop.backward()
        with torch.no_grad():
            for parameter in loop.net.parameters():
                parameter -= 0.1 * parameter.grad
    assert not loop.last_step.is_long_ago()


def test_a_gradient_made_in_inference_mode_is_no_harm(loop):
    with torch.inference_mode():
        loop.net[0].weight.grad = torch.ones(4, 3)
    loop.last_step.took(loop.optimizer)
    loop.last_step.took(loop.optimizer)
    assert not loop.last_step.is_long_ago()


def test_nothing_is_said_where_the_parameter_is_gone_or_another_thread_asks(loop):
    loop.train(10)
    loop.backward(20)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(loop.last_step.is_long_ago()))
    asking.start()
    asking.join()
    assert answers == [False]
    loop.net = loop.optimizer = None
    assert not loop.last_step.is_long_ago()


def test_a_gradient_that_is_assigned_without_a_graph_tells_of_no_backward(loop):
    loop.backward()
    for _ in range(4):
        loop.optimizer.step()
        loop.last_step.took(loop.optimizer)
    for parameter in loop.net.parameters():
        parameter.grad = torch.ones_like(parameter)
    assert not loop.last_step.is_long_ago()
