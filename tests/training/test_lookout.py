"""What is looked at for NaN once the calls that are watched are over."""

import torch
from torch import nn

from gradviz.training.moves import Moves
from gradviz.training.optimizers import Optimizers
from gradviz.training.watch import StepWatch


def watched(optimizer, model, told):
    """Watch one step in full, and look out from then on."""
    watch = StepWatch()
    watch.begin(told.append)
    watch.lookout.spoils = lambda: told.append(dict(watch.lookout.spoilt))
    step(optimizer, model)
    watch.rest()
    watch.returns.begin(Optimizers(lambda *_: None), Moves())  # which would look at more steps
    return watch


def step(optimizer, model, factor=1.0):
    optimizer.zero_grad()
    (model(torch.ones(2, 3)).square().mean() * factor).backward()
    optimizer.step()


def test_a_nan_is_told_once_the_next_step_begins_with_it():
    model, told = nn.Linear(3, 2), []
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watch = watched(optimizer, model, told)
    for factor in (1.0, torch.nan):
        step(optimizer, model, factor)
    assert told == []
    step(optimizer, model)
    watch.end()
    assert told == [{id(optimizer): (2, 3)}]


def test_a_nan_that_is_put_back_before_the_next_step_is_not_told():
    model, told = nn.Linear(3, 2), []
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watch = watched(optimizer, model, told)
    good = {name: value.clone() for name, value in model.state_dict().items()}
    step(optimizer, model, torch.nan)
    model.load_state_dict(good)
    step(optimizer, model)
    step(optimizer, model)
    watch.end()
    assert told == []


def test_a_nan_of_the_last_step_is_known_at_the_end():
    model, told = nn.Linear(3, 2), []
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watch = watched(optimizer, model, told)
    step(optimizer, model, torch.nan)
    watch.lookout.settle(watch.optimizers)
    watch.end()
    assert watch.lookout.spoilt == {id(optimizer): (1, 2)}


def test_ever_fewer_steps_are_looked_at():
    model, told = nn.Linear(3, 2), []
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    watch = watched(optimizer, model, told)
    (record,) = watch.optimizers.records.values()
    looked = []
    for number in range(2, 82):
        if record.next_look == number:
            looked.append(number)
        step(optimizer, model)
    watch.end()
    assert record.steps == 81
    assert looked == [*range(2, 34), *range(35, 50, 2), *range(52, 68, 3), 71, 75, 79]


def test_a_nan_between_two_looks_is_known_at_the_end_by_both():
    model, told = nn.Linear(3, 2), []
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    watch = watched(optimizer, model, told)
    for factor in (*[1.0] * 64, torch.nan, 1.0):
        step(optimizer, model, factor)
    watch.lookout.settle(watch.optimizers)
    watch.end()
    assert watch.lookout.spoilt == {id(optimizer): (64, 67)}
