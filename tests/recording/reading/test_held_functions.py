"""A function that a variable or a table holds is read as one that is called by its name."""

from functools import partial

import pytest
from tests.recording.two_numbers import judged

CUT = ("cut", False)
MADE = {}


def register(name):
    def keep(function):
        MADE[name] = function
        return function

    return keep


@register("first")
def first(one, other):
    return one * one


@register("second")
def second(one, other):
    return other + 1


def scaled(factor, number):
    return factor * number * number


def applied(function, one, other):
    return function(one, other)


def joined(*functions):
    def run(number):
        for function in functions:
            number = function(number)
        return number

    return run


class _Held:
    def __init__(self, function):
        self.function = function

    def of(self, one, other):
        return self.function(one, other)


TABLE = {"first": first, "second": second, "least": min, "mean": lambda xs: sum(xs) / len(xs)}


def _under_a_key(a, b, x):
    return (x * TABLE["first"](a.item(), b.item())).sum()


def _registered(a, b, x):
    return (x * MADE["first"](a.item(), b.item())).sum()


def _asked_for(a, b, x):
    function = TABLE.get("first")
    return (x * function(a.item(), b.item())).sum()


def _lambda(a, b, x):
    other = TABLE["mean"]([b.item() * 2])
    return (x * TABLE["mean"]([a.item() ** 2])).sum() + 0 * len(str(other))


def _handed_over(a, b, x):
    return (x * applied(first, a.item(), b.item())).sum()


def _of_an_object(a, b, x):
    held = _Held(first)
    return (x * held.of(a.item(), b.item())).sum()


def _begun(a, b, x):
    half = partial(scaled, 0.5)
    kept, _ = half(a.item()), half(b.item())
    return (x * kept).sum()


def _one_after_the_other(a, b, x):
    run, other = joined(lambda number: number + 1, abs), joined(lambda number: number * 2)
    kept, _ = run(a.item()), other(b.item())
    return (x * kept).sum()


STEPS = (_under_a_key, _registered, _asked_for, _handed_over, _of_an_object)
OTHERS = (_begun, _one_after_the_other)


@pytest.mark.parametrize("step", STEPS)
def test_what_such_a_function_does_not_take_is_not_in_its_result(step):
    one, other = judged(step)
    assert one == CUT
    assert other[0] == "unused"


@pytest.mark.parametrize("step", [*OTHERS, _lambda])
def test_what_such_a_function_takes_is_known_to_come_back(step):
    assert judged(step)[0] == CUT


def _any_of_two(a, b, x):
    table = {"first": first, "second": second}
    return (x * table[sorted(table)[0]](a.item(), b.item())).sum()


def test_of_functions_that_take_different_things_nothing_is_asserted():
    assert judged(_any_of_two) == [("unused", True), ("unused", True)]


def _with_gradient(a, b, x):
    return (x * TABLE["first"](a, b.item())).sum()


def test_what_goes_through_such_a_function_as_a_tensor_is_reached():
    assert judged(_with_gradient)[0] == ("reached", False)
