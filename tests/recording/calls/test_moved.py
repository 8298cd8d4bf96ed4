"""What an optimizer's step brings into a leaf."""

import sys

import pytest
import torch
from tapes import call, run
from torch import nn
from torch.overrides import TorchFunctionMode

import gradviz
from gradviz.recording.calls.moved import moved_by, settings_of, stepped
from gradviz.recording.tape import Tape


@pytest.fixture
def tape():
    return Tape()


@pytest.fixture
def weight():
    return torch.ones(2, requires_grad=True)


def test_a_leaf_is_moved_by_the_losses_of_the_backwards_before_the_step(tape, weight):
    first = run(tape, (weight * 3).sum())
    stepped(tape, weight, ())
    run(tape, (weight * 4).sum())
    (number,) = moved_by(tape, tape.leaf_number(weight))
    assert tape.calls[number].inputs == ((first, True),)


def test_a_backward_stands_for_the_same_call_every_time(tape, weight):
    run(tape, (weight * 3).sum())
    stepped(tape, weight, ())
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
        stepped(tape, weight, ())
    assert moved_by(tape, tape.leaf_number(weight)) == (21, 22)


def test_a_step_without_a_gradient_moves_nothing(tape, weight):
    tape.leaf(weight)
    stepped(tape, weight, ())
    stepped(tape, torch.ones(1), ())
    assert tape.stepped == {}


@pytest.mark.parametrize(
    ("optimizer", "kept"),
    [
        (lambda parts: torch.optim.Adam(parts), "exp_avg"),
        (lambda parts: torch.optim.Adam(parts, foreach=True), "exp_avg_sq"),
        (lambda parts: torch.optim.SGD(parts, lr=0.1, momentum=0.9), "momentum_buffer"),
    ],
)
def test_what_an_optimizer_remembers_is_made_of_the_loss(optimizer, kept):
    model = nn.ParameterDict({"a": torch.tensor([0.7, 0.2]), "b": torch.tensor([0.3, 0.9])})
    steps = optimizer([model["b"]])
    with gradviz.trace() as trace:
        (model["a"] * model["b"].pow(2)).sum().backward()
        steps.step()
        loss = (model["b"] * steps.state[model["b"]][kept]).sum()
        loss.backward()
    report = trace.report(loss, model)
    assert str(report.parameters["a"].verdict) == "cut"
    assert [cut.operation for cut in report.cuts] == ["backward()"]


def test_a_count_of_steps_that_an_optimizer_keeps_is_made_of_nothing():
    model = nn.ParameterDict({"a": torch.tensor([0.7, 0.2]), "b": torch.tensor([0.3, 0.9])})
    steps = torch.optim.Adam([model["b"]])
    with gradviz.trace() as trace:
        (model["a"] * model["b"]).sum().backward()
        steps.step()
        loss = (model["b"] * steps.state[model["b"]]["step"]).sum()
        loss.backward()
    assert str(trace.report(loss, model).parameters["a"].verdict) == "unused"


class Settings(TorchFunctionMode):
    """Takes what ``settings_of`` says wherever torch is called."""

    def __init__(self):
        super().__init__()
        self.met = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.met.append(settings_of(sys._getframe(1)))
        return function(*args, **(kwargs or {}))


def test_the_settings_are_those_of_the_group_that_is_stepped():
    first, second = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    first.grad, second.grad = torch.ones(2), torch.ones(2)
    optimizer = torch.optim.SGD([{"params": [first], "lr": 0.25}, {"params": [second]}], lr=0.5)
    with Settings() as settings:
        optimizer.step()
        first.add(1)
    rates = [0.25 in group for group in settings.met if group]
    assert rates[0]
    assert not rates[-1]
    assert settings.met[-1] == ()


def test_a_number_that_left_torch_and_became_a_rate_is_part_of_what_is_moved():
    model = nn.ParameterDict({"rate": torch.tensor(0.3), "scale": torch.tensor(2.0)})
    with gradviz.trace() as trace:
        fast = torch.ones(2, requires_grad=True)
        optimizer = torch.optim.SGD([fast], lr=0.1)
        optimizer.param_groups[0]["lr"] = model["rate"].item()
        fast.square().sum().backward()
        optimizer.step()
        loss = (model["scale"] * fast).sum()
    assert trace.report(loss, model).parameters["rate"].verdict == "cut"


class _Stepped(nn.Module):
    """A layer, what scales its loss, and a rate that it learns with."""

    def __init__(self):
        super().__init__()
        self.layer, self.scale = nn.Linear(3, 1), nn.Linear(1, 1)
        self.rate = nn.Parameter(torch.tensor(0.1))


def _descend(model):
    for parameter in model.layer.parameters():
        parameter -= 0.1 * parameter.grad


def _descend_by_data(model):
    for parameter in model.layer.parameters():
        parameter.data.add_(parameter.grad, alpha=-0.1)


def _climb_by_norm(model):
    norm = torch.stack([own.grad.norm() for own in model.layer.parameters()]).norm()
    for parameter in model.layer.parameters():
        parameter.add_(parameter.grad * (parameter.norm() / norm))


def _descend_by_rate(model):
    for parameter in model.layer.parameters():
        parameter -= model.rate * parameter.grad


def _stepped_by(step, *, scaled=False):
    torch.manual_seed(0)
    model, x = _Stepped(), torch.randn(4, 3)
    with gradviz.trace() as trace:
        out = model.layer(x)
        (model.scale(out) if scaled else out).pow(2).mean().backward()
        with torch.no_grad():
            step(model)
        model.zero_grad()
        loss = model.layer(x).pow(2).mean()
        loss.backward()
    return trace.report(loss, model)


@pytest.mark.parametrize("step", [_descend, _descend_by_data, _climb_by_norm])
def test_a_step_that_is_written_out_is_training_and_severs_nothing(step):
    report = _stepped_by(step)
    assert not report.cuts
    assert not report.parameters["layer.weight"].partial


def test_what_else_a_written_out_step_takes_in_is_cut():
    assert _stepped_by(_descend_by_rate).parameters["rate"].verdict == "cut"


def test_what_only_a_written_out_step_brings_into_a_loss_is_cut():
    report = _stepped_by(_descend, scaled=True)
    assert report.parameters["scale.weight"].verdict == "cut"


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW])
def test_a_frozen_parameter_that_a_step_moves_by_its_zeros_takes_in_no_gradient(optimizer):
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    steps = optimizer(model.parameters(), lr=0.1)
    with gradviz.trace() as trace:
        for step in range(4):
            model[0].requires_grad_(step == 0)
            loss = model(torch.ones(4, 2)).sum()
            steps.zero_grad(set_to_none=False)
            loss.backward()
            steps.step()
    report = trace.report(loss, model)
    assert not report.cuts
    assert not any(own.partial for own in report.parameters.values())


def test_a_gradient_that_was_assigned_goes_into_a_frozen_parameter_by_a_step():
    model = nn.ModuleDict({"a": nn.Linear(4, 3), "b": nn.Linear(3, 1)})
    steps = torch.optim.SGD(model["b"].parameters(), lr=1.0)
    model["b"].requires_grad_(False)
    with gradviz.trace() as trace:
        hidden = model["a"](torch.ones(5, 4))
        model["b"].weight.grad = hidden.mean(0, keepdim=True).detach().clone()
        steps.step()
        loss = model["b"](torch.ones(5, 3)).sum() + model["a"].bias.sum()
        loss.backward()
    (cut,) = trace.report(loss, model).parameters["a.weight"].cuts
    assert cut.operation == "detach()"
