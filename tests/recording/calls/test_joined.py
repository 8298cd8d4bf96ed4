"""Of what is put together of several values, a reader has only the part that it reads."""

import numpy as np
import pytest
import torch
from torch import nn

import gradviz


def judged(step):
    """Return the verdict of ``a``, and whether it is cut in part, of a step over it and ``b``."""
    model = nn.ParameterDict({"a": torch.tensor(0.3712346), "b": torch.tensor(0.9123457)})
    with gradviz.trace() as trace:
        loss = step(model["a"], model["b"])
    parameter = trace.report(loss, model).parameters["a"]
    return str(parameter.verdict), parameter.partial


def computed_beside(a, b):
    return b * torch.tensor([a.item() * 2, 3.0])[1]


def an_array_of_two(a, b):
    return b * torch.from_numpy(np.array([a.item(), 3.0]))[1]


def a_list_of_a_joined_tensor(a, b):
    return b * torch.cat([a.detach()[None], torch.tensor([3.0])]).tolist()[1]


def a_list_of_a_live_tensor(a, b):
    both = torch.stack([a, b])
    return both[1] * both.tolist()[1]


@pytest.mark.parametrize(
    "step", [computed_beside, an_array_of_two, a_list_of_a_joined_tensor, a_list_of_a_live_tensor]
)
def test_a_parameter_in_another_part_is_not_used(step):
    assert judged(step)[0] != "cut"


def computed_itself(a, b):
    return b * torch.tensor([a.item() * 2, 3.0])[0]


def an_array_read_at_the_front(a, b):
    return b * torch.from_numpy(np.array([a.item() * 2, 3.0]))[0]


def the_element_of_a_live_tensor(a, b):
    return b * torch.stack([a, b]).tolist()[0]


@pytest.mark.parametrize(
    "step", [computed_itself, an_array_read_at_the_front, the_element_of_a_live_tensor]
)
def test_a_parameter_in_the_part_that_is_read_is_cut(step):
    assert judged(step) == ("cut", False)


def test_a_live_tensor_of_which_another_element_left_is_reached_and_no_route_is_severed():
    def step(a, b):
        both = torch.stack([a, b])
        return both[0] * b * both.tolist()[1]

    assert judged(step) == ("reached", False)


def test_a_row_that_came_from_it_is_cut_and_another_row_has_nothing_of_it():
    def step(a, b, at):
        rows = torch.cat([a.detach().expand(2, 3), torch.ones(2, 3)])
        return (b * rows[at]).sum()

    assert judged(lambda a, b: step(a, b, slice(0, 2))) == ("cut", False)
    assert judged(lambda a, b: step(a, b, slice(2, 4))) == ("unused", False)
    assert judged(lambda a, b: step(a, b, slice(None))) == ("cut", False)


def severed_and_joined(a, b):
    return b * torch.cat([a.detach()[None], b.detach()[None]])[1]


def joined_under_no_grad(a, b):
    with torch.no_grad():
        both = torch.stack([a, b * 2])
    return b * both[1]


def a_line_of_a_stack_of_arrays(a, b):
    both = np.stack([a.detach().expand(3).numpy(), b.detach().expand(3).numpy()])
    return (b * torch.from_numpy(both[1].copy())).sum()


@pytest.mark.parametrize(
    "step", [severed_and_joined, joined_under_no_grad, a_line_of_a_stack_of_arrays]
)
def test_of_several_severed_values_that_are_put_together_only_what_is_read_is_cut(step):
    assert judged(step)[0] == "unused"
    assert judged(lambda a, b: step(b, a)) == ("reached", True)


def test_a_stack_along_another_dimension_has_both_in_every_line():
    def step(a, b):
        both = np.stack([a.detach().expand(3).numpy(), b.detach().expand(3).numpy()], axis=1)
        return (b * torch.from_numpy(both[1].copy())).sum()

    assert judged(step) == ("cut", False)


def first_of_a_detached_stack(a, b):
    return b * torch.stack([a, b * 2]).detach().tolist()[0]


def first_of_a_stack_under_no_grad(a, b):
    with torch.no_grad():
        first, _ = torch.stack([a, b * 2]).tolist()
    return b * first


def by_name_of_an_array(a, b):
    table = dict(zip("ab", torch.stack([a, b * 2]).detach().numpy(), strict=True))
    return b * float(table["a"])


def the_front_of_an_array(a, b):
    array = torch.stack([a, a * 3, b * 2]).detach().numpy()
    return (b * torch.tensor(array[:2])).sum()


@pytest.mark.parametrize(
    "step",
    [
        first_of_a_detached_stack,
        first_of_a_stack_under_no_grad,
        by_name_of_an_array,
        the_front_of_an_array,
    ],
)
def test_of_several_values_that_leave_side_by_side_what_is_read_is_cut(step):
    assert judged(step) == ("cut", False)
    assert judged(lambda a, b: step(b, a)) == ("reached", False)


def second_of_a_detached_stack(a, b):
    return b * torch.stack([a, b * 2]).detach().tolist()[1]


def second_of_an_array(a, b):
    return b * torch.stack([a, b * 2]).detach().numpy()[1]


def the_end_of_an_array(a, b):
    return (b * torch.tensor(torch.stack([a, b * 2, b * 3]).detach().numpy()[1:])).sum()


@pytest.mark.parametrize(
    "step", [second_of_a_detached_stack, second_of_an_array, the_end_of_an_array]
)
def test_of_several_values_that_leave_side_by_side_what_is_not_read_is_not_cut(step):
    assert judged(step) == ("unused", False)


def the_sum_of_an_array(a, b):
    return b * float(torch.stack([a, b * 2]).detach().numpy().sum())


def all_of_an_array(a, b):
    return (b * torch.from_numpy(torch.stack([a, b * 2]).detach().numpy())).sum()


def the_largest_of_an_array(a, b):
    return b * max(torch.stack([a, b * 2]).detach().numpy())


@pytest.mark.parametrize("step", [the_sum_of_an_array, all_of_an_array, the_largest_of_an_array])
def test_of_values_that_leave_side_by_side_and_are_taken_together_each_is_cut(step):
    assert judged(step) == ("cut", False)
