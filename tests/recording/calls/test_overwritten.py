"""What was written all over is not what left torch; what was computed in place is."""

import ctypes

import numpy as np
import pytest
import torch
from traced import X, report_of

from gradviz.graph import Verdict


def judged(change):
    """Return the verdict of what leaves as an array and goes in once it has been changed."""

    def step(net):
        return (net.last(X)[:, :1] * change(net.first(X).detach())).square().mean()

    parameter = report_of(step).parameters["first.weight"]
    return parameter.verdict, parameter.uncertain


def wipe(buffer):
    buffer[:] = 0.25


def scale(buffer):
    buffer[:] = buffer * 0.5


def zeroed(hidden):
    array = hidden.numpy()
    array[:] = 0
    return torch.from_numpy(array)


def copied_over(hidden):
    array = hidden.numpy()
    np.copyto(array, np.sin(np.arange(3)))
    return torch.from_numpy(array)


def put_over(hidden):
    array = hidden.numpy()
    np.put(array, np.arange(12), np.linspace(-1, 1, 12))
    return torch.from_numpy(array)


def filled_by_halves(hidden):
    array = hidden.numpy()
    array[::2] = 1.0
    array[1::2] = 2.0
    return torch.from_numpy(array)


def filled_as_a_tensor(hidden):
    hidden.numpy().fill(2.0)
    return hidden


def filled_through_a_view(hidden):
    array = hidden.numpy()
    flat = array.reshape(-1)
    flat[:] = 0.5
    return torch.from_numpy(array)


def wiped_by_a_function(hidden):
    array = hidden.numpy()
    wipe(array)
    return torch.from_numpy(array)


def set_by_the_address(hidden):
    ctypes.memset(hidden.data_ptr(), 0, 4 * hidden.numel())
    return hidden


@pytest.mark.parametrize(
    "change",
    [
        zeroed,
        copied_over,
        put_over,
        filled_by_halves,
        filled_as_a_tensor,
        filled_through_a_view,
        wiped_by_a_function,
        set_by_the_address,
    ],
)
def test_an_array_that_was_written_all_over_is_not_what_left(change):
    assert judged(change) == (Verdict.UNUSED, True)


def half_zeroed(hidden):
    array = hidden.numpy()
    array[::2] = 0
    return torch.from_numpy(array)


def scaled_in_place(hidden):
    array = hidden.numpy()
    array *= 2
    return torch.from_numpy(array)


def scaled_by_a_function(hidden):
    array = hidden.numpy()
    scale(array)
    return torch.from_numpy(array)


def scaled_as_a_tensor(hidden):
    array = hidden.numpy()
    array[:] = array * 2
    return hidden


def copied_over_by_itself(hidden):
    array = hidden.numpy()
    np.copyto(array, array / 3)
    return torch.from_numpy(array)


def made_of_signs(hidden):
    array = hidden.numpy()
    above = array > 0
    array[above] = 1.0
    array[~above] = -1.0
    return torch.from_numpy(array)


def the_best_alone(hidden):
    array = hidden.numpy()
    best = array.argmax(1)
    array[:] = 0
    array[np.arange(4), best] = 1
    return torch.from_numpy(array)


def reversed_in_place(hidden):
    array = hidden.numpy()
    array.sort(axis=1)
    return torch.from_numpy(array)


@pytest.mark.parametrize(
    "change",
    [
        half_zeroed,
        scaled_in_place,
        scaled_by_a_function,
        scaled_as_a_tensor,
        copied_over_by_itself,
        made_of_signs,
        the_best_alone,
        reversed_in_place,
    ],
)
def test_an_array_that_was_computed_in_place_is_what_left(change):
    assert judged(change) == (Verdict.CUT, False)


def written_and_filled(hidden):
    buffer = torch.zeros(4, 3)
    view = buffer.numpy()
    view[...] = hidden.numpy()
    view.fill(1.0)
    return buffer


def written_and_copied_over(hidden):
    buffer = torch.zeros(4, 3)
    view = buffer.numpy()
    np.copyto(view, hidden.numpy())
    view[:] = np.arange(12.0).reshape(4, 3)
    return buffer


def written_and_filled_at_times(hidden):
    buffer = torch.zeros(4, 3)
    view = buffer.numpy()
    view[...] = hidden.numpy()
    if len(hidden) > 9:
        view.fill(1.0)
    return buffer


def filled_by_what_was_there(hidden):
    buffer = torch.zeros(4, 3)
    view = buffer.numpy()
    view[...] = hidden.numpy()
    mean = view.mean()
    view[...] = mean
    return buffer


def written_by_halves(hidden):
    buffer = torch.zeros(8, 3)
    for half, values in ((buffer[:4], hidden), (buffer[4:], torch.ones(4, 3))):
        view = half.numpy()
        view[...] = values.numpy()
    return buffer[:4]


@pytest.mark.parametrize("change", [written_and_filled, written_and_copied_over])
def test_what_was_written_into_other_memory_and_over_again_is_not_there(change):
    assert judged(change) == (Verdict.UNUSED, True)


@pytest.mark.parametrize(
    "change", [written_and_filled_at_times, filled_by_what_was_there, written_by_halves]
)
def test_what_was_written_into_other_memory_and_may_be_there_is(change):
    assert judged(change) == (Verdict.CUT, False)
