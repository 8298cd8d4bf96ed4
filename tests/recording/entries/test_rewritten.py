"""Where backward needs what was changed in place, the line that changed it is named."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import gradviz

X = torch.ones(2, 3)


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))


def a_result_that_is_added_to():
    model = net()
    value = model(X).exp()
    value += 1
    return value.sum(), model


def an_input_that_is_written_into_by_index():
    model = net()
    value = model(X)
    squared = value * value
    value[0] = 0
    return squared.sum(), model


def a_view_that_is_scaled():
    model = net()
    value = model(X)
    squared = value * value
    value[:, 1].mul_(2)
    return squared.sum(), model


def an_activation_that_overwrites_what_made_its_input():
    model = net()
    value = torch.sigmoid(model(X))
    value = F.relu(value, inplace=True)
    return value.sum(), model


def an_optimizer_that_steps_in_between():
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    value = model(X)
    value.sum().backward(retain_graph=True)
    optimizer.step()
    return value.square().sum(), model


def an_optimizer_that_stepped_before_as_well():
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    model(X).sum().backward()
    optimizer.step()
    loss = model(X).square().sum()
    optimizer.step()  # too early
    return loss, model


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))
        self.register_buffer("scale", torch.ones(4))
        self.register_buffer("count", torch.zeros(1))

    def forward(self):
        self.scale.add_(0)  # before it is read
        value = self.weight * self.scale
        self.count.add_(1)
        self.scale.mul_(0.9)
        return value


def a_buffer_that_is_scaled():
    model = Scaled()
    return model().sum(), model


def a_part_of_a_buffer_that_is_filled():
    model = Scaled()
    value = model.weight * model.scale
    model.scale[1:3] = 0
    return value.sum(), model


def a_detached_name_of_a_value():
    model = net()
    value = model(X)
    squared = value * value
    held = value.detach()
    held.clamp_(min=0)
    return squared.sum(), model


def a_target_that_a_call_gives_its_result_to():
    model = net()
    held = torch.ones(2, 2)
    value = (model(X) * held).sum()
    torch.add(X[:, :2], 1, out=held)
    return value, model


LINES = {
    a_target_that_a_call_gives_its_result_to: "torch.add(X[:, :2], 1, out=held)",
    a_buffer_that_is_scaled: "self.scale.mul_(0.9)",
    a_part_of_a_buffer_that_is_filled: "model.scale[1:3] = 0",
    a_detached_name_of_a_value: "held.clamp_(min=0)",
    a_result_that_is_added_to: "value += 1",
    an_input_that_is_written_into_by_index: "value[0] = 0",
    a_view_that_is_scaled: "value[:, 1].mul_(2)",
    an_activation_that_overwrites_what_made_its_input: "value = F.relu(value, inplace=True)",
    an_optimizer_that_steps_in_between: "optimizer.step()",
    an_optimizer_that_stepped_before_as_well: "optimizer.step()  # too early",
}


def notes_of(step):
    with gradviz.trace() as trace:
        loss, model = step()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()
    return trace.report(loss, model).notes


@pytest.mark.parametrize("step", LINES, ids=lambda step: step.__name__)
def test_the_line_that_changed_it_is_named(step):
    (note,) = [note for note in notes_of(step) if "was changed in place" in note]
    assert note.endswith(f"({LINES[step]}).")


def test_of_two_lines_that_may_have_none_is_named():
    def step():
        model = net()
        first, second = model(X), model(X).cos()
        product = first * second
        first += 1
        second += 1
        return product.sum(), model

    assert not any("was changed in place" in note for note in notes_of(step))


def test_of_two_buffers_of_one_size_that_were_written_to_none_is_named():
    def step():
        model = Scaled()
        other = torch.ones(4)
        value = model.weight * model.scale
        model.scale.mul_(2)
        other.mul_(2)
        return value.sum(), model

    assert not any("was changed in place" in note for note in notes_of(step))


def test_a_write_that_backward_does_not_need_is_not_spoken_of():
    with gradviz.trace() as trace:
        model = net()
        value = model(X)
        value += 1
        loss = value.sum()
        loss.backward()
    assert trace.report(loss, model).notes == ()
