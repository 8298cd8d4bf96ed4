"""What an array's attributes have of its numbers, and what is chosen by them."""

import numpy as np
import pytest
import torch
from traced import X, report_of

from gradviz.graph import Verdict
from gradviz.recording.reading.of_arrays import has_numbers


def judged(change):
    """Return the verdict of what leaves as an array and chooses or scales what goes in."""

    def step(net):
        return change(net.first(X).detach(), net.last(X))

    parameter = report_of(step).parameters["first.weight"]
    return parameter.verdict, parameter.uncertain


def test_a_method_has_its_numbers_its_form_none_and_of_others_nothing_is_said():
    assert [has_numbers(name) for name in ("argmax", "shape", "score")] == [True, False, None]


def the_row_of_the_best(hidden, out):
    array = hidden.numpy()
    weights = np.float32([0.1, 0.2, 0.3])[array.argmax(1)]
    return (out * torch.from_numpy(weights)[:, None]).sum()


def in_their_order(hidden, out):
    array = hidden.numpy()
    order = np.argsort(array.sum(1))
    return (out[order.tolist()] * torch.arange(4.0)[:, None]).sum()


def ranks(hidden, out):
    array = hidden.numpy()
    weights = np.zeros(4, np.float32)
    for rank, place in enumerate(np.argsort(array[:, 0])):
        weights[place] = rank
    return (out * torch.from_numpy(weights)[:, None]).sum()


def a_count_by_place(hidden, out):
    array = hidden.numpy()
    best = array.argmax(1)
    counts = np.zeros(3, np.float32)
    counts[best] += 1
    return (out[:, :1] * torch.from_numpy(counts)).sum()


@pytest.mark.parametrize("change", [the_row_of_the_best, in_their_order, ranks, a_count_by_place])
def test_what_an_array_chose_the_place_of_is_what_left(change):
    assert judged(change) == (Verdict.CUT, False)


def by_its_size(hidden, out):
    array = hidden.numpy()
    return out.sum() / array.size


def in_the_order_of_its_length(hidden, out):
    array = hidden.numpy()
    weights = np.zeros(4, np.float32)
    for place in range(len(array)):
        weights[place] = 0.5
    return (out * torch.from_numpy(weights)[:, None]).sum()


@pytest.mark.parametrize("change", [by_its_size, in_the_order_of_its_length])
def test_what_only_the_form_of_an_array_chose_has_nothing_of_it(change):
    assert judged(change) == (Verdict.UNUSED, True)
