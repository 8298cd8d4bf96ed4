"""What a path can stand for at a statement, by the definitions that reach it."""

import ast

import pytest

from gradviz.recording.reading.definitions import BEFORE, Definition, Scope, reaching


def define(*path, change=False, by=""):
    return Definition(path, None, (), change, False, None, by=by)


def function(text):
    return ast.parse(text).body[0]


def test_a_definition_of_the_whole_ends_what_was_before():
    made = define("x")
    assert reaching(("x", "a"), {("x",): frozenset((made,))}) == ([made], False)


def test_a_name_that_is_not_defined_is_what_it_was_before_the_function():
    assert reaching(("x",), {}) == ([], True)


def test_what_may_or_may_not_have_been_defined_is_both():
    made = define("x")
    assert reaching(("x",), {("x",): frozenset((made, BEFORE))}) == ([made], True)


def test_of_a_part_its_own_definition_comes_before_that_of_the_whole():
    part, whole = define("x", "['a']"), define("x")
    environment = {("x", "['a']"): frozenset((part,)), ("x",): frozenset((whole,))}
    assert reaching(("x", "['a']"), environment) == ([part], False)


def test_some_element_may_be_any_that_was_defined():
    part = define("x", "['a']")
    assert reaching(("x", "[?]"), {("x", "['a']"): frozenset((part,))})[0] == [part]


def test_definitions_of_one_path_are_two_even_where_they_say_the_same():
    assert define("x") != define("x")


@pytest.mark.parametrize(
    ("text", "owner", "own"),
    [
        ("def f(self, x): ...", "Net", "self"),
        ("def f(this, x): ...", "Net", "this"),
        ("def f(x): ...", "", ""),
        ("@staticmethod\ndef f(x): ...", "Net", ""),
    ],
)
def test_the_object_that_a_function_is_a_method_of(text, owner, own):
    node = function(text)
    scope = Scope(node, owner, parameters=tuple(item.arg for item in node.args.args))
    assert scope.own == own


def test_what_a_function_assigns_to_or_is_given_is_its_own_unless_it_says_otherwise():
    scope = Scope(function("def f(x): ..."), parameters=("x",), outside={"g"})
    scope.definitions += [define("y"), define("g"), define("z", change=True), define("o", "a")]
    assert scope.locals == {"x", "y"}


@pytest.mark.parametrize("by", ["append", "[]", "put"])
def test_a_value_that_becomes_an_element_leaves_the_others(by):
    assert define("rows", change=True, by=by).adds
    assert not define("rows", change=True, by="extend").adds
