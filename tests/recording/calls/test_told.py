"""A number that goes in as it left is that one, and nothing else was added to it."""

import collections
import io
import re
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from two_numbers import judged, snap


class Meter:
    def __init__(self):
        self.reset()

    def reset(self):
        self.total, self.count = 0.0, 0

    def update(self, value):
        self.total += value
        self.count += 1

    @property
    def mean(self):
        return self.total / max(self.count, 1)


def a_meter_that_is_reset(a, b, x):
    meter = Meter()
    meter.update(b.item())
    meter.reset()
    meter.update(a.item())
    return (x * meter.mean).sum()


def a_window_that_lets_go_of_the_oldest(a, b, x):
    window = collections.OrderedDict()
    for step, one in enumerate((b, a)):
        window[step] = one.item()
        if len(window) > 1:
            window.popitem(last=False)
    return (x * sum(window.values()) / len(window)).sum()


def a_ring_that_is_rolled(a, b, x):
    ring = np.zeros(1)
    for one in (b, a):
        ring = np.roll(ring, -1)
        ring[-1] = one.item()
    return (x * float(ring.sum())).sum()


def one_side_of_a_complex_number(a, b, x):
    return (x * complex(b.item(), a.item()).imag).sum()


class Measured(NamedTuple):
    first: float
    second: float
    more: float = 0.0


def measured(module):
    return Measured(module["a"].item(), module["b"].item())


def used(module, x):
    numbers = measured(module)
    return (x * (numbers.first + numbers.more)).sum()


def of_a_module_that_the_caller_chose(a, b, x):
    modules = [nn.ParameterDict({"a": a, "b": b}), nn.ParameterDict()]
    return used(sorted(modules, key=len)[-1], x)


def in_a_line_of_text(a, b, x):
    numbers = {"a": a.item(), "b": b.item()}
    line = " ".join(f"{name}={number:.5f}" for name, number in numbers.items())
    return (x * float(re.search(r"a=(\S+)", line).group(1))).sum()


def in_a_place_of_its_own(a, b, x):
    rows = [(name, sum(one.reshape(1).tolist())) for name, one in (("a", a), ("b", b))]
    weights = torch.zeros(3)
    weights[0] = np.array([dict(rows)[name] for name in "ab"])[0]
    return (x.sum() * weights).sum()


@pytest.mark.parametrize(
    "step",
    [
        in_a_line_of_text,
        in_a_place_of_its_own,
        of_a_module_that_the_caller_chose,
        a_meter_that_is_reset,
        a_window_that_lets_go_of_the_oldest,
        a_ring_that_is_rolled,
        one_side_of_a_complex_number,
    ],
)
def test_what_is_no_longer_in_a_number_is_not_called_cut(step):
    assert judged(step) == [("cut", False), ("unused", True)]


def a_meter_of_both(a, b, x):
    meter = Meter()
    meter.update(b.item())
    meter.update(a.item())
    return (x * meter.mean).sum()


def a_ring_of_both(a, b, x):
    ring = np.zeros(2)
    for one in (b, a):
        ring = np.roll(ring, -1)
        ring[-1] = one.item()
    return (x * float(ring.sum())).sum()


def the_larger_one(a, b, x):
    return (x * max(a.item(), b.item())).sum()


def the_best_so_far(a, b, x):
    best = -1.0
    for one in (a, b):
        value = one.item()
        if value > best:
            best = value
    return (x * (best * 1.0)).sum()


def a_factor_that_is_just_one(a, b, x):
    return (x * (a.item() * (b / b.detach()).item())).sum()


@pytest.mark.parametrize(
    "step",
    [
        a_meter_of_both,
        a_ring_of_both,
        the_larger_one,
        the_best_so_far,
        a_factor_that_is_just_one,
    ],
)
def test_what_had_its_part_in_a_number_is_cut(step):
    assert judged(step) == [("cut", False), ("cut", False)]


def loaded(tensor):
    file = io.BytesIO()
    torch.save(tensor.detach(), file)
    file.seek(0)
    return torch.load(file)


def used_once_more_after_it_was_logged(a, b, x):
    target = loaded(a)
    target.mean().detach()
    return (x * (target * b)).sum()


def read_as_a_number(a, b, x):
    return (x * b * (loaded(a).tolist() + 1)).sum()


@pytest.mark.parametrize("step", [used_once_more_after_it_was_logged, read_as_a_number])
def test_what_came_in_from_a_file_is_known_at_each_use(step):
    assert judged(step) == [("cut", False), ("reached", False)]


def used_once_more_of_another(a, b, x):
    loaded(a).mean()
    return (x * (torch.full((), 0.25) * b)).sum()


def test_another_that_came_in_has_nothing_of_it():
    assert judged(used_once_more_of_another)[0][0] == "unused"


def a_batch_of_another_key(a, b, x):
    lists = collections.defaultdict(list)
    lists["value"].append(a.item())
    lists["reward"].append(1.0)
    batch = {key: torch.tensor(one) for key, one in lists.items()}
    return (x * b * batch["reward"]).sum()


def a_deque_that_lets_go_of_the_oldest(a, b, x):
    window = collections.deque(maxlen=2)
    window.append(a.item())
    window.append(1.0)
    window.append(2.0)
    return (x * b * float(np.sum(window))).sum()


def a_deque_whose_first_is_taken_out(a, b, x):
    window = collections.deque([a.item()])
    window.append(2.0)
    window.popleft()
    return (x * b * sum(window)).sum()


def an_array_written_over(a, b, x):
    ring = np.zeros(2, np.float32)
    for turn in range(4):
        ring[turn % 2] = a.item() if turn < 2 else 1.0
    return (x * b * float(ring.sum())).sum()


def an_array_written_over_by_masks(a, b, x):
    rows = np.zeros(2, np.float32)
    rows[:] = a.detach().numpy()
    mask = np.array([True, False])
    rows[mask] = 0
    rows[~mask] = 1
    return (x * b * torch.from_numpy(rows).sum()).sum()


def an_array_written_over_beside_one_that_is_rounded(a, b, x):
    rows, other = np.zeros(2), np.ones(2)
    rows[0] = a.item()
    snap(other)
    rows[0] = 0.5
    return (x * b * float(rows.sum())).sum()


def a_deque_of_arrays_that_lets_go_of_the_oldest(a, b, x):
    rows = collections.deque(maxlen=2)
    rows.append(a.detach().reshape(1).numpy())
    rows.append(np.ones(1))
    rows.append(np.zeros(1))
    return (x * b * torch.tensor(np.sum(rows, axis=0))).sum()


def records_that_are_updated(a, b, x):
    rows = [{"value": a.item()} for _ in range(2)]
    for row in rows:
        row.update(value=2.0)
    return (x.sum() * b * torch.tensor([row["value"] for row in rows])).sum()


def a_copy_filled_row_by_row(a, b, x):
    rows = a.detach().reshape(1, 1).numpy().copy()
    for row in rows:
        row.fill(1.0)
    return (x * b * torch.from_numpy(rows).sum()).sum()


def a_copy_put_over(a, b, x):
    rows = a.detach().reshape(1).numpy().copy()
    np.putmask(rows, np.ones(1, bool), 2.0)
    return (x * b * torch.from_numpy(rows).sum()).sum()


@pytest.mark.parametrize(
    "step",
    [
        an_array_written_over_beside_one_that_is_rounded,
        a_batch_of_another_key,
        a_deque_that_lets_go_of_the_oldest,
        a_deque_whose_first_is_taken_out,
        an_array_written_over,
        an_array_written_over_by_masks,
        a_deque_of_arrays_that_lets_go_of_the_oldest,
        records_that_are_updated,
        a_copy_filled_row_by_row,
        a_copy_put_over,
    ],
)
def test_what_is_no_longer_in_a_deque_a_dict_or_an_array_is_not_called_cut(step):
    assert judged(step) == [("unused", True), ("reached", False)]


def a_batch_of_its_key(a, b, x):
    lists = collections.defaultdict(list)
    lists["value"].append(a.item())
    lists["reward"].append(1.0)
    batch = {key: torch.tensor(one) for key, one in lists.items()}
    return (x * b * batch["value"]).sum()


def a_batch_of_rounded_lists(a, b, x):
    lists = {"value": [a.item()], "reward": [1.0]}
    rounded = {key: [round(one, 2) for one in given] for key, given in lists.items()}
    batch = {key: torch.tensor(one) for key, one in rounded.items()}
    return (x * b * (batch["value"] - batch["reward"])).sum()


def a_deque_that_holds_it_still(a, b, x):
    window = collections.deque([a.item()], maxlen=2)
    window.append(1.0)
    return (x * b * float(np.sum(window))).sum()


def an_array_that_holds_it_still(a, b, x):
    ring = np.zeros(2, np.float32)
    for turn in range(3):
        ring[turn % 2] = a.item() if turn < 2 else 1.0
    return (x * b * float(ring.sum())).sum()


def an_array_scaled_row_by_row(a, b, x):
    rows = np.zeros((2, 1), np.float32)
    rows[:] = a.detach().numpy()
    for row in rows:
        row /= 3
    return (x * b * torch.from_numpy(rows).sum()).sum()


def an_array_of_signs(a, b, x):
    rows = np.zeros(2, np.float32)
    rows[:] = a.detach().numpy()
    rows[rows > 0] = 1
    return (x * b * torch.tensor(rows).sum()).sum()


def an_array_rounded_elsewhere(a, b, x):
    rows = np.ones(2)
    rows[0] = a.item()
    snap(rows)
    return (x * b * float(rows.sum())).sum()


def an_array_of_half_precision(a, b, x):
    rows = np.zeros(2, np.float16)
    rows[0] = a.item()
    return (x * b * torch.tensor(rows).sum()).sum()


def a_deque_of_scaled_arrays(a, b, x):
    window = collections.deque([a.detach().reshape(1).numpy().copy()], maxlen=2)
    window.append(np.ones(1))
    for row in window:
        row /= 3
    return (x * b * torch.from_numpy(np.sum(window, axis=0)).sum()).sum()


def records_that_are_scaled(a, b, x):
    rows = [{"value": a.item()}, {"value": 1.0}]
    for row in rows:
        row["value"] *= 3
    return (x.sum() * b * torch.tensor([row["value"] for row in rows])).sum()


def a_copy_put_over_in_part(a, b, x):
    rows = np.concatenate([a.detach().reshape(1).numpy().copy(), np.ones(2)])
    np.putmask(rows, np.array([False, True, True]), 2.0)
    return (x * b * torch.from_numpy(rows).sum()).sum()


@pytest.mark.parametrize(
    "step",
    [
        a_batch_of_its_key,
        a_batch_of_rounded_lists,
        a_deque_that_holds_it_still,
        an_array_that_holds_it_still,
        an_array_scaled_row_by_row,
        an_array_of_signs,
        an_array_rounded_elsewhere,
        an_array_of_half_precision,
        a_deque_of_scaled_arrays,
        records_that_are_scaled,
        a_copy_put_over_in_part,
    ],
)
def test_what_a_deque_a_dict_or_an_array_has_something_of_is_cut(step):
    assert judged(step) == [("cut", False), ("reached", False)]
