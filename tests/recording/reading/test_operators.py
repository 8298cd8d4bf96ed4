"""Operators of the user's own classes, which are calls of their methods."""

import ast

import pytest
from two_numbers import judged

from gradviz.recording.reading.operators import as_calls
from gradviz.recording.reading.sources import source_of

TEXT = """\
class Pair:
    def __add__(self, other):
        return Pair()

    def __rmul__(self, factor):
        return Pair()

    def __neg__(self):
        return Pair()

    def __float__(self):
        return 1.0

    def __call__(self, value):
        return value

def step(x):
    p = Pair()
    y = x
    run(p)
"""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("p + x", "p.__add__(x)"),
        ("p + x + x", "p.__add__(x).__add__(x)"),
        ("2 * p", "p.__rmul__(2)"),
        ("-p", "p.__neg__()"),
        ("float(p)", "p.__float__()"),
        ("p(x)", "p.__call__(x)"),
        ("x + p", "x + p"),
        ("y(x) - 2", "y(x) - 2"),
        ("p - x", "p - x"),
    ],
)
def test_an_operator_is_the_call_of_a_method_that_its_class_has(tmp_path, written, read):
    file = tmp_path / "program.py"
    file.write_text(TEXT)
    source = source_of(str(file))
    scope = source.scope(source.callables["step"][0])
    (_, environment), *_ = scope.calls["run"]
    value = ast.parse(written, mode="eval").body
    assert ast.unparse(as_calls(value, source, scope, environment)) == read


class Pair:
    def __init__(self, first, second):
        self.first, self.second = first, second

    def __add__(self, other):
        return Pair(self.first + other.first, self.second + other.second)


class Average:
    def __init__(self):
        self.held = 0.0

    def __call__(self, value):
        self.held = 0.9 * self.held + 0.1 * value
        return self.held


class Kept:
    def __init__(self, value):
        self.value = [value]

    def squared(self):
        return self.value[0] * self.value[0]


def step_sum_of_pairs(a, b, x):
    pair = Pair(0.0, 0.0)
    for scale in (1.3, 1.7):
        pair = pair + Pair((a * scale).item(), (b * scale).item())
    return (x * (pair.first * pair.first)).sum()


def step_called(a, b, x):
    first, second = Average(), Average()
    for scale in (1.3, 1.7):
        kept = first((a * scale).item())
        second((b * scale).item())
    return (x * kept).sum()


def step_two_of_a_class(a, b, x):
    first, second = Kept(a.item()), Kept(b.item())
    print(second.squared())
    return (x * (first.squared() + first.squared())).sum()


@pytest.mark.parametrize("step", [step_sum_of_pairs, step_called, step_two_of_a_class])
def test_what_an_object_was_given_is_told_from_what_others_were(step):
    assert judged(step) == [("cut", False), ("unused", True)]


def test_a_sum_of_tensors_in_objects_of_ones_own_cuts_nothing():
    def step(a, b, x):
        pair = Pair(a, b.item()) + Pair(a, b.item())
        return (x * pair.first).sum()

    assert judged(step) == [("reached", False), ("unused", True)]
