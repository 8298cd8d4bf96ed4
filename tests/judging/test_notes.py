"""The notes of a report say what a reader has to know besides the verdicts."""

import pytest
import torch
from torch import nn

import gradviz


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def reported(model, inputs):
    with gradviz.trace() as trace:
        loss = model(torch.ones(5, 3)).pow(2).mean()
        loss.backward(inputs=inputs)
    return trace.report(loss, model)


def test_what_a_backward_was_told_to_leave_out_is_named_with_its_line():
    model = net()
    report = reported(model, list(model[2].parameters()))
    note = next(note for note in report.notes if "inputs=" in note)
    assert note.startswith("0.weight, 0.bias: the backward() at ")
    assert "test_notes.py:" in note
    assert "2.weight" not in note


def test_a_backward_that_is_told_of_all_leaves_nothing_out():
    model = net()
    report = reported(model, list(model.parameters()))
    assert not any("inputs=" in note for note in report.notes)


def test_what_a_second_backward_brings_was_not_left_out():
    model = net()
    with gradviz.trace() as trace:
        loss = model(torch.ones(5, 3)).pow(2).mean()
        loss.backward(inputs=list(model[2].parameters()), retain_graph=True)
        loss.backward(inputs=list(model[0].parameters()))
    assert not any("inputs=" in note for note in trace.report(loss, model).notes)


def test_a_loss_set_to_require_grad_by_hand_is_told():
    model = net()
    with gradviz.trace() as trace:
        loss = torch.zeros((), requires_grad=True)
    assert any("set by hand" in note for note in trace.report(loss, model).notes)


def test_what_a_gradient_was_not_asked_for_is_said_with_its_line():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with gradviz.trace() as trace:
        loss = model(torch.ones(1, 2)).sum()
        torch.autograd.grad(loss, [model[0].weight])
    said = [note for note in trace.report(loss, model).notes if "inputs=" in note]
    assert len(said) == 1
    assert said[0].startswith("0.bias, 1.weight, 1.bias: the torch.autograd.grad() at ")


def test_a_gradient_of_an_input_leaves_no_parameter_out():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    at = torch.ones(1, 2, requires_grad=True)
    with gradviz.trace() as trace:
        loss = model(at).sum()
        torch.autograd.grad(loss, at)
    assert not [note for note in trace.report(loss, model).notes if "inputs=" in note]


def test_an_attribute_of_a_module_thaws_nothing_and_is_told_where_something_stays_frozen():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model[0].requires_grad_(False)
    model[0].requires_grad = model[1].requires_grad = True
    with gradviz.trace() as trace:
        loss = model(torch.ones(1, 2)).sum()
    notes = trace.report(loss, model).notes
    assert (
        "0.requires_grad = True sets an attribute of the module and thaws nothing;"
        " 0.requires_grad_(True) thaws all 2 parameters in it that are frozen."
    ) in notes
    assert not any(note.startswith("1.requires_grad") for note in notes)


def test_of_a_single_frozen_parameter_it_is_said_that_it_is_frozen():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model[0].bias.requires_grad_(False)
    model[0].requires_grad = True
    with gradviz.trace() as trace:
        loss = model(torch.ones(1, 2)).sum()
    (note,) = [note for note in trace.report(loss, model).notes if "thaws nothing" in note]
    assert note.endswith("0.requires_grad_(True) thaws the parameter in it that is frozen.")


def test_the_call_that_freezes_is_told_with_what_it_reaches_and_what_needs_a_call_to_train_again():
    model = nn.ModuleDict({"body": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
    model.body.bias.requires_grad_(False)
    model.requires_grad, model.head.requires_grad = False, True
    model.body.requires_grad = False
    with gradviz.trace() as trace:
        loss = model.head(model.body(torch.ones(1, 2))).sum()
    said = [note for note in trace.report(loss, model).notes if "freezes nothing" in note]
    assert [note.partition("; ")[2] for note in said] == [
        "model.requires_grad_(False) freezes all 3 parameters in it that still require grad, head"
        " too until head.requires_grad_(True).",
        "body.requires_grad_(False) freezes the parameter in it that still requires grad.",
    ]


def test_a_module_that_is_frozen_already_needs_no_call():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model[0].requires_grad_(False)
    model[0].requires_grad = False
    with gradviz.trace() as trace:
        loss = model(torch.ones(1, 2)).sum()
    assert not [note for note in trace.report(loss, model).notes if "freezes" in note]


def test_one_note_says_where_a_nan_is_born_and_what_it_does():
    model = net()
    with gradviz.trace() as trace:
        out = model(torch.ones(5, 3))
        loss = (out - out.detach()).pow(2).sqrt().sum()
        loss.backward()
    (note,) = [note for note in trace.report(loss, model).notes if "NaN" in note]
    assert note.startswith("NaN or infinity is born in the backward of sqrt at ")
    assert note.endswith("NaN or infinite.")
    assert "A step with it makes 0.weight, 0.bias" in note


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("of_scaled", [True, False])
def test_a_step_that_a_grad_scaler_leaves_out_spoils_nothing(enabled, of_scaled):
    model = net()
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**30, enabled=enabled)
    with gradviz.trace() as trace:
        with torch.autocast("cpu", torch.float16):
            loss = model(torch.ones(5, 3)).float().pow(2).mean() * (1 if enabled else 2.0**30)
        scaled = scaler.scale(loss)
        scaled.backward()
    notes = trace.report(scaled if of_scaled else loss, model).notes
    (note,) = [note for note in notes if "NaN" in note]
    assert (
        "GradScaler's step() leaves such a step out" in note,
        "A step with it makes" in note,
    ) == (
        enabled,
        not enabled,
    )
    assert ("GradScaler finds the scale" in note) == (not enabled)


def test_losses_that_a_grad_scaler_scales_one_by_one_are_the_script_s_to_read():
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    with gradviz.trace():
        scaled = scaler.scale(net()(torch.ones(1, 3)).sum() for _ in range(2))
        assert len(list(scaled)) == 2
