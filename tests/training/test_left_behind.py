"""Steps that leave a parameter as it is are counted, though nobody looked at them."""

import gc

import pytest
import torch
from torch import nn

from gradviz.facts.missed import Missed
from gradviz.training.left_behind import LeftBehind
from gradviz.training.optimizers import Optimizers


def missed(make, gradients, looked_at=(1, 2, 3), frozen=()):
    """Step two parameters; ``gradients`` says of each step which get one, and ``frozen`` which are
    so at the end. Return what was missed by place.
    """
    pair = [nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))]
    optimizer = make(pair)
    left = LeftBehind()
    for number, fed in enumerate(gradients, 1):
        for place, parameter in enumerate(pair):
            parameter.grad = torch.ones_like(parameter) if place in fed else None
        if number in looked_at:
            left.begin_step(optimizer)
        optimizer.step()
        if number in looked_at:
            left.end_step(optimizer, number)
    for place in frozen:
        pair[place].requires_grad_(False)
    optimizers = Optimizers(lambda *_: None)
    record = optimizers.record(optimizer)
    record.update()
    record.steps = len(gradients)
    return left.missed(optimizers, {id(one): place for place, one in enumerate(pair)})


OPTIMIZERS = {
    "SGD": lambda pair: torch.optim.SGD(pair, lr=0.1),
    "SGD with decay and momentum": lambda pair: torch.optim.SGD(
        pair, lr=0.1, momentum=0.9, weight_decay=0.1
    ),
    "AdamW": lambda pair: torch.optim.AdamW(pair),
    "Adam one by one": lambda pair: torch.optim.Adam(pair, foreach=False),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_what_gets_no_gradient_any_more_is_missed_by_the_steps_after_that(make):
    assert missed(make, [{0, 1}] * 8 + [{1}] * 4) == {0: Missed(4, 9)}
    assert missed(make, [{0, 1}] * 3 + [{1}] * 9) == {0: Missed(9, 9)}


def test_what_gets_gradient_to_the_end_is_not_missed():
    make = OPTIMIZERS["AdamW"]
    assert missed(make, [{0, 1}] * 12) == {}
    assert missed(make, [{0, 1}] * 10 + [{1}] * 2) == {}  # by the way


def test_what_is_frozen_late_is_missed_though_nothing_else_is_left_to_step():
    make, fed = OPTIMIZERS["AdamW"], [{0, 1}] * 8 + [set()] * 4
    assert missed(make, fed) == {}
    late = Missed(4, 9, is_frozen=True)
    assert missed(make, fed, frozen=[0, 1]) == {0: late, 1: late}
    assert missed(make, [{0, 1}] * 12, frozen=[0, 1]) == {}  # for an evaluation


def test_what_is_frozen_late_is_missed_whichever_steps_were_looked_at():
    make, fed = OPTIMIZERS["SGD"], [{0, 1}] * 5 + [{1}] * 7
    looked_at = (1, 2, 3, 6, 7, 8)
    assert missed(make, fed, looked_at) == {}  # it may take turns
    assert missed(make, fed, looked_at, frozen=[0]) == {0: Missed(7, 9, is_frozen=True)}
    assert missed(make, [{0, 1}] * 12, looked_at, frozen=[0]) == {}


@pytest.mark.parametrize("frozen", [True, False])
def test_what_an_optimizer_held_is_told_as_it_was_seen_last_where_that_is_gone(frozen):
    pair = [nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))]
    optimizer = torch.optim.SGD(pair, lr=0.1)
    names = {id(one): str(place) for place, one in enumerate(pair)}
    left, optimizers = LeftBehind(), Optimizers(lambda *_: None)
    record = optimizers.record(optimizer)
    record.update()
    assert left.due(id(optimizer), 3) == float("inf")  # no step was looked at
    for number in range(1, 21):
        if number == 8:
            pair[0].requires_grad_(not frozen)
        for parameter in pair:
            parameter.grad = torch.ones_like(parameter) if parameter.requires_grad else None
        if number <= 3:
            left.begin_step(optimizer)
        optimizer.step()
        if number <= 3:
            left.end_step(optimizer, number)
        elif number <= 18:
            left.see(optimizer, number)
        record.steps = number
    assert [left.due(id(optimizer), steps) for steps in (8, 20, 63)] == [9, 21, 64]
    own = id(optimizer)
    del optimizer, parameter, pair
    gc.collect()
    told = {"0": Missed(11, 15, is_frozen=True, as_of=(18, 20))} if frozen else {}
    assert left.missed(optimizers, names) == told
    left.renumber(own, -1)
    assert left.missed(optimizers, names) == {}


def test_what_takes_turns_is_not_missed():
    turns = [{number % 2} for number in range(12)]
    assert missed(OPTIMIZERS["SGD"], turns) == {}
    assert missed(OPTIMIZERS["SGD"], [{0, 1}, {1}, {1}, {1}] * 3) == {}


def test_where_all_are_left_as_they_are_none_is_missed():
    assert missed(OPTIMIZERS["SGD"], [{0, 1}] * 3 + [set()] * 9) == {}


def test_what_no_step_wrote_to_while_it_was_looked_at_is_left_to_others():
    assert missed(OPTIMIZERS["SGD"], [{1}] * 12) == {}


def test_what_another_optimizer_writes_to_as_well_makes_the_rest_no_missed_steps():
    shared, own = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))
    optimizer, other = torch.optim.SGD([shared, own], 0.1), torch.optim.SGD([shared], 0.1)
    left = LeftBehind()
    for number in range(1, 9):
        shared.grad, own.grad = torch.ones(2), torch.ones(3)
        if number == 1:
            left.begin_step(optimizer)
        optimizer.step()
        if number == 1:
            left.end_step(optimizer, number)
        other.step()
    optimizers = Optimizers(lambda *_: None)
    record = optimizers.record(optimizer)
    record.update()
    record.steps = 8
    assert left.missed(optimizers, {id(shared): "shared", id(own): "own"}) == {}


def test_three_steps_that_miss_what_is_frozen_are_told_and_two_are_not():
    make = OPTIMIZERS["SGD"]
    late = Missed(3, 6, is_frozen=True)
    assert missed(make, [{0, 1}] * 6 + [set()] * 3, frozen=[0, 1]) == {0: late, 1: late}
    assert missed(make, [{0, 1}] * 6 + [set()] * 2, frozen=[0, 1]) == {}


def test_what_no_step_wrote_to_hides_nothing_of_the_others():
    late = Missed(4, 9, is_frozen=True)
    assert missed(OPTIMIZERS["SGD"], [{1}] * 8 + [set()] * 4, frozen=[1]) == {1: late}
