"""What a function's result is surely made of is told by its source."""

import pytest
import torch

from gradviz.recording.reading.by_value import parts_in

W = torch.ones(2)


def asks_the_shape(x):
    return x * W.shape[0]


def picks(x, pair):
    return (x * pair[0]).sum()


def unpacks(x, pair):
    """Take one of two."""
    first, _ = pair
    y = x @ first.T
    return -y


def branches(x, pair):
    if pair:
        return x * pair[0]
    return x


def asks_another(x):
    return x.sub(asks_the_shape(W))


@pytest.mark.parametrize(
    ("function", "parts"),
    [
        (asks_the_shape, {("x", None)}),
        (picks, {("x", None), ("pair", 0)}),
        (unpacks, {("x", None), ("pair", 0)}),
        (branches, set()),
        (asks_another, {("x", None)}),
        (lambda x: torch.matmul(x, W), {("torch", None), ("x", None), ("W", None)}),
        (lambda x: torch.zeros_like(W), set()),
    ],
)
def test_a_result_is_made_of_the_numbers_that_its_source_reads(function, parts):
    assert parts_in(function.__code__) == parts


def test_without_source_nothing_is_sure():
    assert parts_in(compile("x", "<nowhere>", "eval")) == set()
