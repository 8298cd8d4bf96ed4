"""A schedule that stays at a learning rate of 0 to the end is told, with its step and line."""

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

import gradviz
from gradviz.recording.reading.where import Spot
from gradviz.training.rates import Rates


def remarks(schedule, *, groups=1, steps=8):
    """Train under a schedule, which is called after each step; return what is remarked."""
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    with gradviz.trace() as trace:
        own = [{"params": layer.parameters()} for layer in model] if groups > 1 else None
        optimizer = torch.optim.SGD(own or model.parameters(), lr=0.1)
        next_step = schedule(optimizer)
        for number in range(steps):
            optimizer.zero_grad()
            loss = model(torch.ones(2, 3)).square().sum()
            loss.backward()
            optimizer.step()
            next_step(number)
    report = trace.report(loss, model)
    assert all(fate.trains for fate in report.training.parameters)
    return report.training.remarks


def scheduled(kind, *given, **settings):
    """Return a schedule that a scheduler of torch makes."""

    def schedule(optimizer):
        scheduler = kind(optimizer, *given, **settings)
        return lambda number: scheduler.step()

    return schedule


def by_hand(rates):
    """Return a schedule that assigns the rate of the first group."""

    def schedule(optimizer):
        def assign(number):
            optimizer.param_groups[0]["lr"] = rates(number)

        return assign

    return schedule


@pytest.mark.parametrize(
    ("schedule", "setter"),
    [
        (scheduled(lr_scheduler.LambdaLR, lambda step: max(0.0, 1 - step / 2)), "LambdaLR"),
        (scheduled(lr_scheduler.LinearLR, 1.0, 0.0, total_iters=2), "LinearLR"),
    ],
    ids=["lambda", "linear"],
)
def test_a_rate_that_falls_to_0_and_stays_there_is_told_with_its_step_and_line(schedule, setter):
    (remark,) = remarks(schedule)
    assert "from its step 3 to its last, 8," in remark
    assert "leaves 0.* (2) and 1.* (2) unchanged: the learning rate is 0" in remark
    assert setter in remark
    assert "test_rates.py:" in remark


@pytest.mark.parametrize(
    ("gamma", "steps", "words"),
    [
        (0.1, 30, ["since step 9 the learning rate", "StepLR, made at"]),
        (0.1, 15, []),  # less than half of the steps
        (0.9, 30, []),
    ],
)
def test_a_rate_that_fades_to_next_to_nothing_is_told(gamma, steps, words):
    told = remarks(scheduled(lr_scheduler.StepLR, 1, gamma), steps=steps)
    assert [word for word in words if word not in "".join(told)] == []
    assert bool(told) == bool(words)


def test_a_line_of_which_it_cannot_be_seen_that_it_ran_is_not_named():
    (remark,) = remarks(by_hand(lambda number: 0.1 if number < 1 else 0))
    assert remark.endswith("unchanged: the learning rate is 0")


def overruled(kind, *given, **settings):
    """Return a schedule of torch's beside a line that stops the optimizer after two steps."""

    def schedule(optimizer):
        scheduler = kind(optimizer, *given, **settings)

        def assign(number):
            scheduler.step()
            if number:
                optimizer.param_groups[0].update(lr=0.0)

        return assign

    return schedule


@pytest.mark.parametrize(
    "schedule",
    [
        overruled(lr_scheduler.StepLR, step_size=100),
        overruled(lr_scheduler.LambdaLR, lambda step: 0.9**step),
        overruled(lr_scheduler.CosineAnnealingLR, T_max=100),
    ],
    ids=["multiplied", "by a function", "cosine"],
)
def test_a_scheduler_that_gives_no_rate_of_0_is_not_what_sets_it(schedule):
    (remark,) = remarks(schedule)
    assert "the learning rate is 0" in remark
    assert "LR" not in remark


@pytest.mark.parametrize(
    ("kind", "given", "is_overruled"),
    [
        (lr_scheduler.ExponentialLR, 0.9, True),
        (lr_scheduler.LambdaLR, lambda step: 1.0, True),
        (lr_scheduler.LambdaLR, lambda step: 0.0, False),
    ],
)
def test_what_keeps_a_rate_at_0_is_a_scheduler_that_gives_0(kind, given, is_overruled):
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    rates, scheduler = Rates(), kind(optimizer, given)
    assert not rates.is_overruled
    rates.made(scheduler, Spot(None, 0, None, 0, -1))
    optimizer.param_groups[0].update(lr=0.0)
    optimizer.step()
    scheduler.step()
    assert rates.is_overruled is is_overruled


def test_a_group_that_comes_to_rest_alone_is_told_by_its_parameters():
    (remark,) = remarks(by_hand(lambda number: 0.0), groups=2)
    assert "from its step 2 to its last, 8, " in remark
    assert "0.* (2) unchanged" in remark


@pytest.mark.parametrize(
    "schedule",
    [
        scheduled(lr_scheduler.LambdaLR, lambda step: min(1.0, step / 4)),
        scheduled(lr_scheduler.LambdaLR, lambda step: (step % 4) / 3),
        scheduled(lr_scheduler.CosineAnnealingLR, T_max=8),
        scheduled(lr_scheduler.OneCycleLR, max_lr=0.1, total_steps=9),
        by_hand(lambda number: 0.0 if number in (1, 2, 3) else 0.1),
    ],
    ids=["warm-up", "cycles", "cosine", "one cycle", "a rest in between"],
)
def test_a_rate_that_is_0_for_a_while_alone_is_not_told(schedule):
    assert remarks(schedule) == ()


def test_a_group_that_never_had_a_rate_is_one_that_is_kept_from_training():
    model = nn.Linear(2, 1)
    with gradviz.trace() as trace:
        optimizer = torch.optim.SGD(
            [{"params": [model.weight]}, {"params": [model.bias], "lr": 0.0}], lr=0.1
        )
        for _ in range(5):
            loss = model(torch.ones(2, 2)).sum()
            loss.backward()
            optimizer.step()
    training = trace.report(loss, model).training
    assert training.remarks == ()
    assert {fate.name: fate.trains for fate in training.parameters} == {
        "weight": True,
        "bias": False,
    }


def test_a_rate_of_zero_is_by_the_line_that_made_the_optimizer_where_it_began_so():
    one, other = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    rates = Rates()
    rates.began(torch.optim.SGD([{"params": [one], "lr": 0}, {"params": [other]}], lr=0.1))
    made = Spot(scheduled.__code__, 0)
    assert rates.zero_by(id(one), made) == made.place
    assert rates.zero_by(id(other), made) != made.place
    assert rates.zero_by(id(rates), made) is None


def test_a_rate_that_is_a_tensor_hides_nothing_of_the_groups_after_it():
    tensor, number = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    groups = [{"params": [tensor], "lr": torch.tensor(0.1)}, {"params": [number], "lr": 0.1}]
    optimizer, rates = torch.optim.SGD(groups, foreach=False), Rates()
    rates.look(optimizer)
    for step in range(1, 11):
        optimizer.param_groups[1]["lr"] = 0.1 if step < 3 else 1e-30
        rates.watch(optimizer, step)
    (faded,) = rates.faded({id(tensor): "tensor", id(number): "number"}, 10)
    assert (faded.since, faded.largest, faded.held) == (3, 0.1, ("number",))
