"""A name that still holds what was read of it tells by the object which number that was."""

import collections
import math

import pytest
import torch
from two_numbers import judged


def two_of_a_list(a, b, x):
    first, _ = torch.stack([a, b]).tolist()
    scale = first * 3
    return (x * scale).sum()


def two_by_one_call(a, b, x):
    first, _ = map(float, (a, b))
    scale = math.exp(first)
    return (x * scale).sum()


def both_of(value):
    return {"mean": value.mean().item(), "top": value.exp().item()}


def what_a_function_gave_in_the_one_turn(a, b, x):
    of_each = {name: both_of(value) for name, value in {"a": a, "b": b}.items()}
    mean = of_each["a"]["mean"]
    return (x * (mean * mean + mean)).sum()


def an_element_of_what_a_comprehension_gave(a, b, x):
    values = [one.item() for one in (a, b)]
    scale = values[0] * 2
    return (x * scale).sum()


def by_its_number_in_a_dict(a, b, x):
    values = {number: one.item() for number, one in enumerate((a, b))}
    return (x * (values[0] + 1)).sum()


def in_each_turn(a, b, x):
    total = torch.zeros(())
    for _ in range(2):
        first, _ = torch.stack([a, b]).tolist()
        scale = first * 3
        total = total + (x * scale).sum()
    return total


def handed_in_a_tuple(a, b, x):
    def scaled(scale, other):
        return scale + 1

    return (x * scaled(*(a.item(), b.item()))).sum()


def what_is_left_in_a_dict(a, b, x):
    values = {"a": a.item(), "b": b.item()}
    del values["b"]
    return (x * sum(values.values())).sum()


def the_newest_of_a_window(a, b, x):
    window = collections.deque([b.item()], maxlen=2)
    window.append(a.item())
    window.append(a.item() * 1.0)
    window.append(a.item())
    window.append(a.item())
    return (x * sum(window)).sum()


@pytest.mark.parametrize(
    "step",
    [
        what_is_left_in_a_dict,
        the_newest_of_a_window,
        two_of_a_list,
        what_a_function_gave_in_the_one_turn,
        two_by_one_call,
        an_element_of_what_a_comprehension_gave,
        by_its_number_in_a_dict,
        in_each_turn,
        handed_in_a_tuple,
    ],
)
def test_of_two_that_left_by_one_call_the_one_that_came_back_is_cut(step):
    assert [verdict for verdict, _ in judged(step)] == ["cut", "unused"]


def a_sum_that_goes_on(a, b, x):
    scale = 1.0
    for one in (a, b):
        value = one.item()
        scale += value
    return (x * scale).sum()


def one_turn_late(a, b, x):
    scale, last = 1.0, 0.0
    for one in (a, b, torch.ones(())):
        scale = scale + last
        last = one.item()
    return (x * scale).sum()


def given_anew_since(a, b, x):
    value = a.item()
    scale = value * 2
    value = b.item()
    return (x * scale * value).sum()


def changed_since(a, b, x):
    values = [a.item(), 0.5]
    scale = values[0] + values[1]
    values[0] = b.item()
    return (x * scale).sum() * values[0]


def all_of_a_dict(a, b, x):
    values = {"a": a.item(), "b": b.item()}
    return (x * sum(values.values())).sum()


def beside_one_that_is_computed(a, b, x):
    values = [a.item(), b.item() * 2]
    return (x * sum(values)).sum()


def the_largest(a, b, x):
    scale = max(a.item(), b.item())
    return (x * (scale + 1)).sum()


def the_last_in_order(a, b, x):
    values = [a.item(), b.item()]
    values.sort()
    return (x * (values[-1] + 1)).sum()


def across_the_turns(a, b, x):
    total, scale = torch.zeros(()), 1.0
    for one in (a, b):
        value = one.item()
        scale = scale * value
        total = total + (x * scale).sum()
    return total


@pytest.mark.parametrize(
    "step",
    [
        a_sum_that_goes_on,
        one_turn_late,
        given_anew_since,
        changed_since,
        all_of_a_dict,
        the_largest,
        the_last_in_order,
        beside_one_that_is_computed,
        across_the_turns,
    ],
)
def test_what_a_name_held_before_is_not_forgotten(step):
    assert [verdict for verdict, _ in judged(step)] == ["cut", "cut"]
