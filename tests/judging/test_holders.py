"""What held NaN before the forward is named, with the line that wrote it."""

import copy

import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording import torch_inside

pytestmark = pytest.mark.skipif(
    not torch_inside.READS_SAVED,
    reason="this torch does not tell what hooks have packed, so nothing that nodes saved is read",
)


class Centred(nn.Module):
    def __init__(self, mean):
        super().__init__()
        self.register_buffer("mean", mean)
        self.head = nn.Linear(3, 1)

    def forward(self, values):
        return self.head(values - self.mean)


def of_a_checkpoint():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
    state = copy.deepcopy(model.state_dict())
    state["1.weight"][0, 2] = torch.nan
    model.load_state_dict(state)
    return model, torch.ones(2, 3)


def of_a_root():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
    with torch.no_grad():
        model[0].weight.abs_().neg_()
        model[0].weight.sqrt_()
    return model, torch.ones(2, 3)


def of_one_that_was_never_filled():
    model = nn.Linear(3, 1)
    model.weight = nn.Parameter(torch.full((1, 3), torch.inf))
    return model, torch.ones(2, 3)


def of_an_embedding():
    model = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 1))
    model[0].weight.data[2] /= 0
    return model, torch.tensor([0, 2])


def of_a_running_variance():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1)).eval()
    model[0].running_var.sub_(2)
    return model, torch.ones(2, 3, requires_grad=True)


def of_a_mean_that_was_given():
    return Centred(torch.tensor([0.0, torch.nan, 1.0])), torch.ones(2, 3)


def of_the_data():
    batch = torch.ones(2, 3)
    batch[1, 1] = torch.nan
    return nn.Linear(3, 1), batch


@pytest.mark.parametrize(
    ("make", "holder", "line"),
    [
        (of_a_checkpoint, "1.weight", "model.load_state_dict(state)"),
        (of_a_root, "0.weight", "model[0].weight.sqrt_()"),
        (of_one_that_was_never_filled, "weight", "model.weight = nn.Parameter"),
        (of_an_embedding, "0.weight", "model[0].weight.data[2] /= 0"),
        (of_a_running_variance, "0.running_var", "model[0].running_var.sub_(2)"),
        (of_a_mean_that_was_given, "mean", None),
        (of_the_data, "values", "batch[1, 1] = torch.nan"),
    ],
)
def test_what_held_it_is_named_with_the_line_that_wrote_it(make, holder, line):
    with gradviz.trace() as trace:
        model, values = make()
        loss = model(values).sum()
        loss.backward()
    first = trace.report(loss, model).births[0]
    assert first.holder == holder
    assert first.why.startswith(f"{holder}, ")
    if line is None:
        assert first.written is None
    else:
        assert line in first.written.code


def test_a_loop_gives_its_variable_the_value():
    with gradviz.trace() as trace:
        model = nn.Linear(3, 1)
        for batch in torch.tensor([[[1.0, 2, torch.nan]]]):
            loss = model(batch).sum()
            loss.backward()
    first = trace.report(loss, model).births[0]
    assert first.holder == "batch"
    assert first.written.code.startswith("for batch in")


def test_a_variable_that_one_of_two_branches_gave_a_value_has_no_line():
    data, early = {"rows": torch.tensor([[1.0, torch.nan]])}, bool(torch.ones(1))
    if early:
        rows = data["rows"]
    else:
        rows = data["rows"] * 2
    with gradviz.trace() as trace:
        model = nn.Linear(2, 1)
        loss = model(rows).sum()
        loss.backward()
    first = trace.report(loss, model).births[0]
    assert first.holder
    assert first.written is None or "else" not in first.written.code


def test_what_the_step_itself_makes_has_no_holder():
    with gradviz.trace() as trace:
        model = nn.Linear(3, 1)
        model.register_buffer("seen", torch.zeros(()))
        loss = (model(torch.zeros(2, 3)) * 0).log().sum()
        model.seen.copy_(loss.detach() - loss.detach())
        loss.backward()
    first = trace.report(loss, model).births[0]
    assert (first.operation, first.holder) == ("log", "")
