"""What a definition, an argument and a change give of the part that is wanted."""

import ast

import pytest

from gradviz.recording.reading.definitions import Definition
from gradviz.recording.reading.parts import PAIRS, SOME
from gradviz.recording.reading.ways import (
    Expression,
    has_moved,
    is_of_number,
    joined_to,
    of_argument,
    within,
)


def change(value="v", *, by="", into=(), adds=True):
    tree = ast.parse(value, mode="eval").body
    by = by or ("append" if adds else "")
    return Definition(("rows",), tree, (), True, False, None, by=by, into=into)


def test_the_value_of_an_instruction_counts_where_it_stands_in_the_expression():
    expression = Expression((1, 0, 1, 9), unread=((1, 4, 1, 6),))
    assert expression.covers((1, 0, 1, 3))
    assert not expression.covers((1, 4, 1, 5))
    assert not expression.covers((2, 0, 2, 3))
    assert not expression.covers(None)


def test_a_part_by_its_place_is_plain_and_any_other_is_vague():
    assert not Expression((1, 0, 1, 9)).vague
    assert not Expression((1, 0, 1, 9), ("[0]",)).vague
    assert Expression((1, 0, 1, 9), (SOME,)).vague
    assert Expression((1, 0, 1, 9), ("[0]", "[1]")).vague


def test_of_an_attribute_the_part_that_is_wanted_is_followed_and_another_is_not():
    assert joined_to(("self", "state", "['a']"), "state", ("['a']", "mean")) == (
        "self",
        "state",
        "['a']",
        "mean",
    )
    assert joined_to(("self", "state", "['a']"), "state", ("['b']",)) == ()


def test_what_a_parameter_s_path_means_of_an_argument():
    name, call = (ast.parse(text, mode="eval").body for text in ("state", "f(x)"))
    assert of_argument(name, ("p", "mean", "[0]")) == ("mean", "[0]")
    assert of_argument(call, ("p", "[0]", "mean")) == ("[0]",)


@pytest.mark.parametrize(
    ("definition", "suffix", "way"),
    [
        (change(), ("[0]", "n"), ("n",)),  # rows.append(v), of which an element is wanted
        (change(), (), ()),
        (change(by="[]", into=("[0]",)), ("[0]",), ()),
        (change(by="[]", into=("[0]",)), ("[1]",), None),
        (change(by="[]", into=("[0]",)), ("['k']",), None),
        (change("(k, v)"), (PAIRS, "['a']"), ("[1]",)),
        (change(by="extend"), (PAIRS, "['a']"), ("['a']",)),
    ],
)
def test_a_change_gives_the_part_that_it_fills(definition, suffix, way):
    assert within(definition, suffix) == way


def test_an_element_may_have_moved_where_more_was_joined_to_the_list():
    joined = change(by="__iadd__", adds=False)
    assert has_moved(joined, ("[0]",))
    assert not has_moved(joined, (SOME,))
    assert not has_moved(change(), ("[0]",))


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        ("a * b", "real", True),
        ("Fraction(a).limit_denominator(9)", "numerator", True),
        ("-a", "imag", True),
        ("a + b", "[0]", False),
        ("f(a)", "real", False),
    ],
)
def test_an_attribute_of_what_arithmetic_gave_has_all_of_it(text, part, whole):
    assert is_of_number(ast.parse(text, mode="eval").body, (part,)) is whole
