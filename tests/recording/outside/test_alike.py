"""Whether a number that goes in can be one that left, read without running the user's code."""

import sys
import warnings
from collections import deque

import numpy as np
import pytest
from torch import nn

from gradviz.recording.outside.alike import Given, held, is_index, is_scalar, plain_numbers, rounded


def test_the_numbers_in_a_value_are_found_in_lists_and_dicts():
    assert {*plain_numbers([1.5, (2, {"a": 3.5}), "4", None])} == {1.5, 2.0, 3.5}
    assert [*plain_numbers(slice(1, 3))] != []
    assert len([*plain_numbers([[0.5] * 10_000])]) <= 256


def test_numbers_are_the_same_in_single_precision():
    assert {*plain_numbers(0.1)} == {*plain_numbers(np.float32(0.1))}
    assert [*plain_numbers(10**400)] == [float("inf")]


@pytest.mark.parametrize(
    ("value", "answer"),
    [(1, True), (1.5, True), ((1, slice(2)), True), (None, True), ([1], False), ("1", False)],
)
def test_a_scalar_holds_nothing_that_a_call_could_change(value, answer):
    assert is_scalar(value) is answer


@pytest.mark.parametrize(
    ("value", "answer"),
    [(slice(1, 2), True), (slice(None), False), ((0, 1), True), ((None, ...), False), (3, False)],
)
def test_an_index_has_a_number_in_it(value, answer):
    assert is_index(value) is answer


class Holder:
    def __init__(self):
        self.mean = 0.25

    @property
    def trap(self):
        raise AssertionError("code of the user's ran")


def test_what_a_path_holds_is_read_from_the_frame():
    holder, rows, queue = Holder(), {"a": [1.5, 2.5]}, deque([4.5])
    frame = sys._getframe()
    assert held(frame, ("holder", "mean")) == 0.25
    assert held(frame, ("rows", "['a']", "[1]")) == 2.5
    assert held(frame, ("queue", "[0]")) == 4.5
    assert held(frame, ("rows", "['a']", "[7]")) is None
    assert held(frame, ("rows", "[?]")) is None
    del holder, rows, queue


def test_no_property_and_no_item_of_the_user_s_is_run():
    class Loud(dict):
        def __getitem__(self, key):
            raise AssertionError("code of the user's ran")

    holder, loud = Holder(), Loud(a=1.0)
    assert held(sys._getframe(), ("holder", "trap")) is None
    assert held(sys._getframe(), ("loud", "['a']")) is None
    del holder, loud


def test_what_a_module_holds_is_found_under_its_name():
    net = nn.Sequential(nn.Linear(1, 1))
    assert held(sys._getframe(), ("net", "0")) is net[0]


def test_a_number_agrees_with_one_that_left():
    given = Given.of([0.7310586, 3])
    assert given.scalar
    assert given.agrees({0.731059})
    assert given.agrees({3.0})
    assert not given.agrees({0.5})
    assert not given.agrees(None)


def test_numbers_that_a_name_holds_are_read_and_of_others_it_is_not_known():
    scale, rows, thing = 0.7310586, [0.8413447], object()
    given = Given.of([])
    given.read(sys._getframe(), [("scale",), ("rows",)])
    assert given.whole
    assert given.numbers == {0.731059}
    assert given.beside == {0.731059, 0.841345}
    given.read(sys._getframe(), [("thing",)])
    assert not given.whole
    del scale, rows, thing


def test_a_number_too_large_for_single_precision_warns_nobody_and_switches_no_warnings(monkeypatch):
    monkeypatch.setattr(np, "errstate", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rounded(np.float64(1e300)) == float("inf")
        assert rounded(10**400) == float("inf")
