"""Where the following of a call's arguments starts."""

import pytest

from gradviz.recording.reading.starts import backward_slice, element_slice, literals_at, names_at

TEXT = """\
def outer(h, other):
    v = h.item()
    w = other.item()
    a, b = v * 2, w
    return make(b, scale=a)

def make(x, scale):
    return build([x, scale], 3)
"""


@pytest.fixture
def outer(program):
    return program(TEXT).at("outer", "make(b, scale=a)")


def test_without_parameters_every_argument_is_a_start(outer):
    assert set(names_at(*outer, None, None)) == {("a",), ("b",)}


def test_for_a_parameter_of_the_callee_only_its_argument_is_a_start(program):
    written = program(TEXT)
    call, callee = written.at("outer", "make(b, scale=a)"), written.function("make")
    assert names_at(*call, (("scale",),), callee) == (("a",),)
    assert names_at(*call, (("x",),), callee) == (("b",),)


def test_a_slice_follows_the_paths_that_are_asked_for_and_no_other(outer, program):
    sliced = backward_slice(*outer, frozenset({("a",)}), None, None)
    assert sliced is not None
    assert {name for name, *_ in sliced.parameters} == {"h"}


def test_an_element_of_the_first_argument_is_followed_to_what_the_function_made(program):
    written = program("""\
        def step(h):
            v = h.item()
            return build([1.0, v], 3)
        """)
    call = written.at("step", "build([1.0, v], 3)")
    assert element_slice(*call, 0) is not None
    assert element_slice(*written.at("step", "h.item()"), 0) is None


def test_nothing_starts_where_there_is_no_source():
    code = compile("f(x)", "<nowhere>", "eval")
    assert names_at(code, 0, None, None) == ()
    assert backward_slice(code, 0, frozenset(), None, None) is None
    assert element_slice(code, 0, 0) is None


def test_numbers_that_stand_in_a_call_are_known(program):
    place = program("def f(x, n):\n    return roll(x, n, -1, dims=2)\n").at(
        "f", "roll(x, n, -1, dims=2)"
    )
    assert literals_at(*place) == (-1, 2)


def test_numbers_that_stand_in_a_subscript_are_known(program):
    written = program("def f(x, n):\n    x[0, n] = n\n")
    assert literals_at(*written.at("f", "x[0, n]")) == (0,)
