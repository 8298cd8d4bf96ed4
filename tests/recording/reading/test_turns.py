"""What a comprehension makes in one turn is made of that turn's element."""

import random
import sys

import numpy as np
import pytest
import torch
from two_numbers import judged

from gradviz.recording.reading.turns import turn_of


def columns(a, b, x):
    rows = [(np.array([a.item() * k]), np.array([b.item() * k])) for k in (2.0, 3.0)]
    sample = random.sample(rows, 2)
    first, _ = [torch.tensor(np.array(z)) for z in zip(*sample, strict=True)]
    return (x.sum() * first).sum()


def columns_made_of_arrays(a, b, x):
    rows = [(np.array([a.item() * k]), np.array([b.item() * k])) for k in (2.0, 3.0)]
    first, _ = [np.array(z) * 2 for z in zip(*random.sample(rows, 2), strict=True)]
    return (x.sum() * torch.tensor(first)).sum()


def what_is_under_a_key(a, b, x):
    log = {"a": [], "b": []}
    for k in (2.0, 3.0):
        log["a"].append(a.item() * k)
        log["b"].append(b.item() * k)
    means = {name: np.mean(values[-2:]) for name, values in log.items()}
    return (x * float(means["a"])).sum()


def arrays_under_a_key(a, b, x):
    kept = {"a": np.zeros(2), "b": np.zeros(2)}
    for i in range(2):
        kept["a"][i] = a.item() * (i + 2)
        kept["b"][i] = b.item() * (i + 2)
    batch = {name: torch.from_numpy(values[[1, 0]]) for name, values in kept.items()}
    return (x.sum() * batch["a"]).sum()


@pytest.mark.parametrize(
    "step", [columns, columns_made_of_arrays, what_is_under_a_key, arrays_under_a_key]
)
def test_what_other_turns_made_has_no_part_in_one(step):
    cut, other = judged(step)
    assert cut == ("cut", False)
    assert other[0] == "unused"


def all_columns(a, b, x):
    rows = [(np.array([a.item() * k]), np.array([b.item() * k])) for k in (2.0, 3.0)]
    first, last = [torch.tensor(np.array(z)) for z in zip(*rows, strict=True)]
    return (x.sum() * first * last).sum()


def parts_of_the_whole(a, b, x):
    log = {"a": a.item(), "b": b.item()}
    shares = {name: value / sum(log.values()) for name, value in log.items()}
    return (x * shares["a"]).sum()


def a_fixed_key_beside(a, b, x):
    kept = {"a": np.array([a.item() * 2]), "b": np.array([b.item() * 2])}
    batch = {name: torch.from_numpy(kept["b"] + values) for name, values in kept.items()}
    return (x.sum() * batch["a"]).sum()


@pytest.mark.parametrize("step", [all_columns, parts_of_the_whole, a_fixed_key_beside])
def test_what_had_a_part_in_the_turn_is_cut(step):
    assert judged(step) == [("cut", False), ("cut", False)]


def test_outside_a_comprehension_there_is_no_turn():
    assert turn_of(sys._getframe()) == ()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="no frame of its own there")
def test_a_comprehension_says_which_column_and_which_key_it_is_at():
    rows = [(1, 2), (3, 4)]
    columns = [(turn_of(sys._getframe()), column) for column in zip(*rows, strict=True)]
    assert [turn for turn, _ in columns] == [(("column", "[0]"),), (("column", "[1]"),)]
    keyed = {key: (turn_of(sys._getframe()), value) for key, value in {"a": 1}.items()}
    assert keyed["a"][0] == (("value", "['a']"),)
