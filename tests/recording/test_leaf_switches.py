"""What froze a parameter is told by its line.

Also at birth, by a helper, too early and too late.
"""

import torch
from torch import nn

import gradviz
from gradviz.expecting.expectations import expect, violations
from gradviz.render.violations import render_violations

X = torch.ones(2, 3)


def freeze(module):
    for parameter in module.parameters():
        parameter.requires_grad = False


def traced(step):
    with gradviz.trace() as trace:
        loss, model = step()
    return trace.report(loss, model)


def test_frozen_at_birth_is_told_by_the_line_that_made_it():
    class Matcher(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding.from_pretrained(torch.ones(4, 3))
            self.scale = nn.Parameter(torch.ones(3), requires_grad=False)
            self.head = nn.Linear(3, 1)

    def step():
        model = Matcher()
        return model.head(model.table(torch.tensor([1, 2])) * model.scale).sum(), model

    parameters = traced(step).parameters
    assert (
        parameters["table.weight"].frozen_at.code
        == "self.table = nn.Embedding.from_pretrained(torch.ones(4, 3))"
    )
    assert (
        parameters["scale"].frozen_at.code
        == "self.scale = nn.Parameter(torch.ones(3), requires_grad=False)"
    )
    assert parameters["head.weight"].frozen_at is None


def test_where_a_helper_froze_it_the_line_that_called_the_helper_is_told_as_well():
    def step():
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        freeze(model[0])
        return model(X).sum(), model

    one = traced(step).parameters["0.weight"]
    assert one.frozen_at.code == "parameter.requires_grad = False"
    assert one.frozen_from.code == "freeze(model[0])"


def test_thawed_after_the_forward_is_cut_by_the_line_that_froze_it():
    def step():
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        model[0].requires_grad_(False)
        loss = model(X).sum()
        model[0].requires_grad_(True)
        return loss, model

    report = traced(step)
    assert str(report.parameters["0.weight"].verdict) == "cut"
    assert [(str(cut.kind), cut.code) for cut in report.cuts] == [
        ("frozen", "model[0].requires_grad_(False)")
    ]
    assert "thawed only since" in str(report)


def test_frozen_after_the_forward_is_said():
    def step():
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        loss = model(X).sum()
        model[0].requires_grad_(False)
        return loss, model

    report = traced(step)
    assert str(report.parameters["0.weight"].verdict) == "frozen"
    assert any(
        "only after the loss had used them: 0.weight, 0.bias" in note for note in report.notes
    )


def test_what_was_to_be_frozen_and_is_a_new_object_is_told_by_the_line_that_made_it():
    def step():
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        freeze(model)
        model[1] = nn.Linear(3, 2)
        return model(X).sum(), model

    report = traced(step)
    failed = violations(report, expect(frozen="*"))
    assert {one.replaced_at.code for one in failed} == {"model[1] = nn.Linear(3, 2)"}
    assert "its object is new: made at" in render_violations(report, failed)
