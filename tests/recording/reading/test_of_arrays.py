"""What an array's attributes have of its numbers, and what is chosen by them."""

import ast

import numpy as np
import pytest
import torch
from traced import X, report_of

from gradviz.graph import Verdict
from gradviz.recording.reading.of_arrays import has_numbers, is_of_numbers


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


def by_how_many_are_alike(hidden, out):
    counts, _ = np.histogram(hidden.numpy(), bins=2)
    return (out * torch.from_numpy(counts.astype(np.float32))).sum()


def by_a_factor_of_it(hidden, out):
    array = hidden.numpy()
    factors = np.linalg.qr(array)
    return out.sum() * float(factors[1].sum())


def as_pixels(hidden, out):
    pixels = (hidden.numpy() * 255).round().astype(np.uint8)
    return (out[:, :1] * torch.from_numpy(pixels.astype(np.float32) / 255)).sum()


@pytest.mark.parametrize(
    "change",
    [
        as_pixels,
        the_row_of_the_best,
        in_their_order,
        ranks,
        a_count_by_place,
        by_how_many_are_alike,
        by_a_factor_of_it,
    ],
)
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


def by_the_other_side_of_its_grid(hidden, out):
    array = hidden[:, 0].numpy()
    _, sides = np.meshgrid(array, np.arange(2, dtype=np.float32))
    return (out * torch.from_numpy(sides.T.copy())).sum()


def by_the_sizes_of_its_rows(hidden, out):
    rows = list(hidden.numpy())
    return out.sum() * sum(row.size for row in rows)


@pytest.mark.parametrize(
    ("change", "uncertain"),
    [
        (by_its_size, False),
        (by_the_sizes_of_its_rows, True),
        (in_the_order_of_its_length, False),
        (by_the_other_side_of_its_grid, True),
    ],
)
def test_what_only_the_form_of_an_array_chose_has_nothing_of_it(change, uncertain):
    assert judged(change) == (Verdict.UNUSED, uncertain)


def judged_by(change):
    """Return the verdict of what leaves as an array and is handed to a helper."""

    def step(net):
        return change(net.first(X).detach().numpy(), net.last(X))

    return report_of(step).parameters["first.weight"].verdict


@pytest.mark.parametrize(("call", "numbers"), [("np.zeros(3)", True), ("fill(rows)", False)])
def test_a_package_of_numbers_runs_no_code_of_the_user(call, numbers):
    assert is_of_numbers(ast.parse(call, mode="eval").body) is numbers


def padded(rows, width):
    out, mask = np.zeros((len(rows), width), np.float32), np.zeros((len(rows), width), np.float32)
    for place, row in enumerate(rows):
        out[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return out, mask


def returns_and_advantages(rewards, values):
    out, last = np.zeros_like(rewards), 0.0
    for turn in reversed(range(len(rewards))):
        last = rewards[turn] + 0.9 * last
        out[turn] = last
    return out, out - values


def by_the_mask(array, out):
    _, mask = padded([row[:2] for row in array], 3)
    return (out[:, :1] * torch.from_numpy(mask)).sum()


def by_the_returns(array, out):
    returns, _ = returns_and_advantages(np.ones(4, np.float32), array[:, 0])
    return (out * torch.from_numpy(returns)[:, None]).sum()


def by_the_places(array, out):
    items = [(row, place) for place, row in enumerate(array)]
    _, places = zip(*items, strict=True)
    return (out * torch.tensor(places)[:, None]).sum()


def by_its_rows_and_columns(array, out):
    return out.sum() * (array * 2).shape[0] / (array * 2).size


def length_and_mean(row):
    return len(row), float(row.mean())


def by_one_of_two_of_each_row(array, out):
    rows = list(array)
    pairs = [length_and_mean(row) for row in rows]
    return out.sum() * sum(length for length, _ in pairs)


def by_one_of_two_in_a_map(array, out):
    rows = list(array)
    lengths, _ = zip(*map(length_and_mean, rows), strict=True)
    return out.sum() * sum(lengths)


@pytest.mark.parametrize(
    "change",
    [
        by_the_mask,
        by_the_returns,
        by_the_places,
        by_its_rows_and_columns,
        by_one_of_two_of_each_row,
        by_one_of_two_in_a_map,
    ],
)
def test_another_result_of_a_helper_and_a_place_have_nothing_of_an_array(change):
    assert judged_by(change) is Verdict.UNUSED


def by_what_is_padded(array, out):
    padded_out, _ = padded([row[:2] for row in array], 3)
    return (out[:, :1] * torch.from_numpy(padded_out)).sum()


def by_the_advantages(array, out):
    _, advantages = returns_and_advantages(np.ones(4, np.float32), array[:, 0])
    return (out * torch.from_numpy(advantages)[:, None]).sum()


def by_the_rows(array, out):
    items = [(row, place) for place, row in enumerate(array)]
    rows, _ = zip(*items, strict=True)
    return (out[:, :1] * torch.tensor(np.stack(rows))).sum()


def by_both(array, out):
    both = returns_and_advantages(np.ones(4, np.float32), array[:, 0])
    return (out[:, 0] * torch.from_numpy(np.stack(both)).sum(0)).sum()


def by_the_other_of_two_in_a_map(array, out):
    rows = list(array)
    _, means = zip(*map(length_and_mean, rows), strict=True)
    return out.sum() * sum(means)


def above_and_mean(row):
    above = 1.0 if row.mean() > 0 else 2.0
    return above, row


def by_what_it_decides(array, out):
    rows = list(array)
    return out.sum() * sum(above_and_mean(row)[0] for row in rows)


@pytest.mark.parametrize(
    "change",
    [
        by_what_is_padded,
        by_the_advantages,
        by_the_rows,
        by_both,
        by_the_other_of_two_in_a_map,
        by_what_it_decides,
    ],
)
def test_the_result_of_a_helper_that_an_array_went_into_is_what_left(change):
    assert judged_by(change) is Verdict.CUT
