"""What gives a part of an expression's value, by the source alone."""

import ast

import pytest

from gradviz.recording.reading.parts import (
    PAIRS,
    SOME,
    is_open,
    may_be_same,
    part_at,
    parts_at,
    pieces,
    place_in,
    straightened,
)


def parsed(text):
    return ast.parse(text, mode="eval").body


def given(text, *way):
    """Return the expressions that give a part, and what is left of the way to it."""
    return [(ast.unparse(piece.node), piece.way) for piece in pieces(parsed(text), way)]


@pytest.mark.parametrize(
    ("text", "way", "expressions"),
    [
        ("(a, b)", ("[1]",), ["b"]),
        ("(a, b)", ("[-1]",), ["b"]),
        ("[a, b, c]", ("[1:]",), ["b", "c"]),
        ("(a, b)", ("[7]",), []),
        ("np.meshgrid(a, b)", ("[1]", "[0]"), ["b"]),
        ("np.meshgrid(a, b)", (SOME,), ["a", "b"]),
        ("np.ix_(a, b)", ("[-2]",), ["a"]),
        ("{'x': a, 'y': b}", ("['y']",), ["b"]),
        ("{'x': a, 'x': b}", ("['x']",), ["b"]),
        ("{'x': a}", ("['z']",), []),
        ("{'x': a, 'y': b}", (SOME,), ["a", "b"]),
        ("(a, b) if c else (d, e)", ("[0]",), ["a", "d"]),
        ("(a, b) or (d, e)", ("[0]",), ["a", "d"]),
        ("[a] + [b]", ("[1]",), ["b"]),
        ("[a, b][0]", ("[2]",), ["a"]),
        ("dict(x=a, y=b)", ("['y']",), ["b"]),
    ],
)
def test_a_part_is_given_by_these_expressions(text, way, expressions):
    assert [expression for expression, _ in given(text, *way)] == expressions


def test_what_is_left_of_the_way_goes_on_in_the_piece():
    assert given("(a, (b, c))", "[1]", "[0]") == [("b", ())]
    assert given("(a, b)", "[1]", "[0]") == [("b", ("[0]",))]


def test_where_a_starred_item_may_shift_the_places_nothing_is_told_apart():
    assert given("[a, *more, b]", "[0]") == [("a", ())]
    assert given("[a, *more, b]", "[-1]") == [("b", ())]
    assert given("[a, *more, b]", "[1]") == [("[a, *more, b]", ("[1]",))]


def test_no_way_is_the_whole():
    assert given("(a, b)") == [("(a, b)", ())]


@pytest.mark.parametrize(
    ("index", "part"),
    [("0", "[0]"), ("-1", "[-1]"), ("'k'", "['k']"), ("1:", "[1:]"), (":-1", "[:-1]"), ("i", "")],
)
def test_a_constant_index_is_a_part(index, part):
    assert part_at(parsed(f"x[{index}]").slice) == part


def test_a_pair_of_indices_is_a_way_of_two_parts():
    assert parts_at(parsed("x[0, 1]").slice) == ("[0]", "[1]")
    assert parts_at(parsed("x[:, 1]").slice) == (SOME, "[1]")
    assert parts_at(parsed("x[i, 1]").slice) == ()


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        ("[0]", "[0]", True),
        ("[0]", "[1]", False),
        ("[0]", "[-1]", True),  # of a list of one they are
        ("['a']", "['b']", False),
        ("['a']", SOME, True),
        ("[1:]", "[0]", False),
        ("[1:]", "[2]", True),
        ("[-2:]", "[0]", True),
        (PAIRS, "['a']", True),
    ],
)
def test_two_parts_may_be_the_same_element(first, second, answer):
    assert may_be_same(first, second) is answer
    assert may_be_same(second, first) is answer


def test_a_place_is_a_number_and_a_key_is_none():
    assert [place_in(part) for part in ("[3]", "[-2]", "['3']", SOME, "x")] == [
        3,
        -2,
        None,
        None,
        None,
    ]


def test_a_slice_that_is_gone_into_is_a_place_of_the_list():
    assert straightened(("[1:]", "[2]")) == ("[3]",)
    assert straightened(("[:-1]", "[-1]")) == ("[-2]",)
    assert straightened(("[2:]", SOME)) == ("[2;]",)
    assert straightened(("[0]", "[1]")) == ("[0]", "[1]")


def test_some_element_of_a_slice_may_be_any_of_it():
    assert is_open("[2;]")
    assert is_open(SOME)
    assert not is_open("['a:b']")
