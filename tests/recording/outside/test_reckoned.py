"""A number that is reckoned from one that left, and from numbers of the source, is made of that."""

from dataclasses import dataclass

import numpy as np
import pytest
from two_numbers import judged

from gradviz.recording.outside.reckoned import NumbersOut, Reckoner, written_near


class Meter:
    def __init__(self):
        self.total, self.count = 0.0, 0

    def update(self, value):
        self.total += value
        self.count += 1

    @property
    def mean(self):
        return self.total / self.count


def meters_by_their_names(a, b, x):
    meters = {name: Meter() for name in ("a", "b")}
    for scale in (1.0, 3.0, 5.0):
        meters["a"].update((a * scale).item())
        meters["b"].update((b * scale).item())
    return (x * meters["a"].mean).sum()


@dataclass(slots=True)
class Numbers:
    first: float
    second: float

    def scaled(self):
        return self.first * 3.7 + 0.1


def of(first, second):
    return Numbers(first.item(), second.item())


def a_method_of_what_a_function_made(a, b, x):
    return (x * of(a, b).scaled()).sum()


def the_one_turn_of_a_loop(a, b, x):
    kept = {}
    for name, value in {"a": a, "b": b}.items():
        kept[name] = value.exp().item()
    return (x * (1 - kept["a"])).sum()


def a_variable_of_the_function_around(a, b, x):
    totals = [Meter(), Meter()]

    def see(place, value):
        totals[place].update(value)

    for scale in (2.0, 3.0):
        see(0, (a * scale).item())
        see(1, (b * scale).item())
    return (x * totals[0].total).sum()


def left(a, b):
    return {name: value.item() for name, value in {"a": a, "b": b, "c": a.exp()}.items()}


def the_sum_of_some_names(a, b, x):
    numbers = left(a, b)
    return (x * sum(numbers[name] for name in numbers if name != "b")).sum()


def every_other_one_of_an_array(a, b, x):
    array = np.array(list(left(a, b).values()))
    array[1] = 0.0
    return (x * array.sum()).sum()


@pytest.mark.parametrize(
    "step",
    [
        the_sum_of_some_names,
        every_other_one_of_an_array,
        meters_by_their_names,
        a_method_of_what_a_function_made,
        the_one_turn_of_a_loop,
        a_variable_of_the_function_around,
    ],
)
def test_what_a_number_is_not_reckoned_from_is_not_called_cut(step):
    cut, other = judged(step)
    assert cut == ("cut", False)
    assert other == ("unused", True)


def both_in_a_method(a, b, x):
    numbers = of(a, b)
    return (x * (numbers.scaled() * numbers.second)).sum()


def both_meters(a, b, x):
    meters = {name: Meter() for name in ("a", "b")}
    for scale in (1.0, 3.0, 5.0):
        meters["a"].update((a * scale).item())
        meters["b"].update((b * scale).item())
    return (x * meters["a"].mean * meters["b"].mean).sum()


def chosen_by_the_other(a, b, x):
    numbers = of(a, b)
    return (x * (min(numbers.first, numbers.second) * 3.7)).sum()


def all_names(a, b, x):
    return (x * sum(left(a, b).values())).sum()


def the_large_ones(a, b, x):
    return (x * sum(number for number in left(a, b).values() if number > 0.5)).sum()


@pytest.mark.parametrize(
    "step", [both_in_a_method, both_meters, chosen_by_the_other, all_names, the_large_ones]
)
def test_what_has_its_part_in_a_number_is_cut(step):
    assert judged(step) == [("cut", False), ("cut", False)]


@pytest.fixture
def at(program):
    """An instruction of a file in which 3.7 and 0.1 stand."""
    return program("def f(x):\n    return g(x * 3.7 + 0.1)\n").at("f", "g(x * 3.7 + 0.1)")


ONE, OTHER = 0.37123461234567891, 0.91234573212345678


def sources(reckoner, at, number, numbers, among=None):
    left = NumbersOut(numbers, lambda serial: serial % 2, among)
    return reckoner.sources(*at, number, left)


@pytest.mark.parametrize(
    "reckon",
    [lambda x: x * 3.7 + 0.1, lambda x: 2 / x, lambda x: (x - 0.1) * 3.7, lambda x: 1 - x],
)
def test_it_is_found_in_one_or_two_steps_and_again_in_the_same(at, reckon):
    reckoner = Reckoner()
    numbers = [(ONE, 1), (OTHER, 2)]
    assert sources(reckoner, at, reckon(ONE), numbers) == (1,)
    assert sources(reckoner, at, reckon(OTHER), numbers) == (2,)
    assert sources(reckoner, at, reckon(OTHER), numbers, among={1}) == ()


def test_sums_and_means_are_of_what_left_at_one_place_or_of_the_last_of_it(at):
    numbers = [(ONE, 1), (OTHER, 2), (ONE * OTHER, 3), (ONE + 0.01234567, 5)]
    reckoner = Reckoner()
    whole = ONE + ONE * OTHER + (ONE + 0.01234567)
    assert sources(reckoner, at, whole, numbers) == (1, 3, 5)
    assert sources(reckoner, at, whole / 3, numbers) == (1, 3, 5)
    assert sources(reckoner, at, ONE * OTHER + (ONE + 0.01234567), numbers) == (3, 5)
    assert sources(reckoner, at, ONE + OTHER, numbers) == ()


def test_a_sum_is_of_any_of_a_few_that_are_meant(at):
    numbers = [(ONE, 1), (OTHER, 3), (ONE * OTHER, 5)]
    assert sources(Reckoner(), at, ONE + OTHER, numbers) == ()
    assert sources(Reckoner(), at, ONE + OTHER, numbers, among={1, 3, 5}) == (1, 3)


def test_of_two_that_may_be_meant_and_of_a_short_number_nothing_is_said(at):
    assert sources(Reckoner(), at, ONE * 3.7, [(ONE, 1), (ONE, 2)]) == ()
    assert sources(Reckoner(), at, 0.5, [(0.25, 1)]) == ()


def test_an_instruction_that_gives_none_again_and_again_is_left_alone(at):
    reckoner = Reckoner()
    for turn in range(4):
        assert sources(reckoner, at, ONE * (turn + 5.4321), [(ONE, 1)]) == ()
    assert sources(reckoner, at, ONE * 3.7, [(ONE, 1)]) == ()


def test_the_numbers_of_a_function_come_before_those_of_its_file(program):
    file = program("C = 4.5\n\n\ndef f(x):\n    return g(x * 3.7)\n")
    assert written_near(file.at("f", "g(x * 3.7)")[0])[:4] == (1.0, 2.0, 3.7, 4.5)
