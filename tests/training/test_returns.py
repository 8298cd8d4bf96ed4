"""A step that is undone before the next one is found late too."""

import math

import torch
from torch import nn

from gradviz.training.moves import History, Moves
from gradviz.training.optimizers import Optimizers
from gradviz.training.returns import Returns


def undone(back, steps=60):
    """Step a parameter; ``back`` says after which steps it is put back. Return what is found."""
    parameter = nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    optimizers, moves, returns = Optimizers(lambda *_: None), Moves(), Returns()
    moves.histories[id(parameter)] = History(by_gradient=True)
    record = optimizers.record(optimizer)
    due = 0.0
    for step in range(1, steps + 1):
        values = parameter.detach().clone()
        parameter.grad = torch.ones(3)
        if step >= due > 0:
            returns.begin_step(optimizer, step)
        optimizer.step()
        record.steps = step
        if step >= due > 0:
            returns.end_step(optimizer)
            due = returns.due(id(optimizer), step)
        if step == 3:
            returns.begin(optimizers, moves)
            due = returns.due(id(optimizer), step)
        if back(step):
            parameter.data.copy_(values)
    found = returns.undone(id(optimizer))
    return found and found[0]


def test_what_is_put_back_to_the_end_is_found_with_the_first_such_step():
    assert undone(lambda step: step >= 4) == 4
    assert undone(lambda step: step >= 10) in (10, 11)


def test_what_stays_or_is_put_back_now_and_then_is_not_found():
    assert undone(lambda step: False) is None
    assert undone(lambda step: step % 5 == 0) is None
    assert undone(lambda step: 4 <= step < 40) is None
    assert undone(lambda step: step >= 58) is None


def looked_at(*, moved_by_gradient):
    """Return what looks at an optimizer from its third step on, and that optimizer."""
    parameter = nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    optimizers, moves, returns = Optimizers(lambda *_: None), Moves(), Returns()
    moves.histories[id(parameter)] = History(by_gradient=moved_by_gradient)
    optimizers.record(optimizer).steps = 3
    returns.begin(optimizers, moves)
    return returns, optimizer


def test_an_optimizer_that_gradient_has_moved_nothing_of_is_not_looked_at():
    returns, optimizer = looked_at(moved_by_gradient=False)
    assert returns.due(id(optimizer), 3) == math.inf


def test_the_step_after_one_that_was_looked_at_is_looked_at_too_and_then_ever_fewer():
    returns, optimizer = looked_at(moved_by_gradient=True)
    assert returns.due(id(optimizer), 99) == 105
    returns.begin_step(optimizer, 100)
    returns.end_step(optimizer)
    assert returns.due(id(optimizer), 100) == 101
