"""What a call or operation is given, by the source."""

import ast

import pytest

from gradviz.recording.reading.call_arguments import (
    arguments_for,
    given_for,
    narrowed,
    parts_of_calls,
    roots_of,
)
from gradviz.recording.reading.definitions import Scope


def statement(text):
    return ast.parse(text).body[0]


def expression(text):
    return statement(text).value


def texts(nodes):
    return [ast.unparse(node) for node in nodes]


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ("f(a, k=b)", ["a", "b"]),
        ("x.mul(a)", ["a"]),
        ("a * b", ["a", "b"]),
        ("a * 2", []),
        ("a < b", ["a", "b"]),
        ("rows[i]", ["i"]),
        ("[f(x) for x in rows]", ["rows"]),
        ("a", ["a"]),
    ],
)
def test_a_plain_number_comes_from_the_arguments(text, roots):
    assert texts(roots_of(expression(text))) == roots


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ("x[i] = v", ["i", "v"]),
        ("x += v", ["v"]),
        ("for x in rows: f(x)", ["rows"]),
        ("if a: b", []),
    ],
)
def test_so_does_what_a_statement_takes_in(text, roots):
    assert texts(roots_of(statement(text))) == roots


def scope(text, owner=""):
    node = statement(text)
    return Scope(node, owner, parameters=tuple(item.arg for item in node.args.args))


def given(text, path, function):
    return [
        (ast.unparse(node), of_it) for node, of_it in given_for(expression(text), path, function)
    ]


def test_what_is_wanted_of_the_rest_of_the_arguments_is_the_one_in_that_place():
    node = statement("def f(a, *rest): ...")
    function = Scope(node, "", parameters=("a", "rest"))
    assert given("f(x, y, z)", ("rest", "[1]"), function) == [("z", ("rest",))]
    assert given("f(x, y, z)", ("rest",), function) == [("y", ("rest",)), ("z", ("rest",))]


def test_a_parameter_that_nothing_else_fills_is_filled_by_its_name_in_a_dict():
    function = scope("def f(a, b): ...")
    assert given("f(x, **words)", ("b", "c"), function) == [("words", ("b", "['b']", "c"))]
    assert given("f(x, **words)", ("a",), function) == [("x", ("a",))]
    assert given("f(x, y, **words)", ("b",), function) == [("y", ("b",))]


def test_a_parameter_is_filled_by_its_name_or_its_place():
    function = scope("def f(a, b): ...")
    assert texts(arguments_for(expression("f(x, y)"), ("b",), function)) == ["y"]
    assert texts(arguments_for(expression("f(x, b=y)"), ("b",), function)) == ["y"]
    assert texts(arguments_for(expression("f(x)"), ("b",), function)) == []


def test_a_method_s_first_parameter_is_no_argument():
    method = scope("def run(self, a): ...", owner="Net")
    assert texts(arguments_for(expression("net.run(x)"), ("a",), method)) == ["x"]


def test_all_arguments_may_fill_it_where_that_cannot_be_told():
    function = scope("def f(a, b): ...")
    assert texts(arguments_for(expression("f(*x, y)"), ("b",), function)) == ["*x", "y"]
    assert texts(arguments_for(expression("f(x, y)"), ("b",), None)) == ["x", "y"]


def test_a_call_in_an_expression_is_given_only_what_is_wanted():
    node = expression("f((a, b), c) + d")
    call = node.left
    inner = narrowed(node, {call: {call.args[0]: [("p", "[1]")], call.args[1]: [("q",)]}})
    assert ast.unparse(inner) == "f((a, b)[1], c) + d"
    assert ast.unparse(node) == "f((a, b), c) + d"
    assert narrowed(node, {}) is node


@pytest.mark.parametrize(
    ("call", "wanted", "given"),
    [
        ("log(loss=a, rate=b)", ("words", "['rate']"), [("b", ("words",))]),
        ("log(loss=a, **more)", ("words", "['rate']"), [("more", ("words", "['rate']"))]),
        ("log(loss=a, rate=b)", ("words",), [("a", ("words",)), ("b", ("words",))]),
        ("log(loss=a, own=b)", ("words", "['own']"), []),
        ("log(a, loss=b)", ("own", "['loss']"), [("a", ("own", "['loss']"))]),
    ],
)
def test_of_a_functions_other_keywords_the_one_that_is_wanted_is_given(call, wanted, given):
    function = statement("def log(own=0, **words): pass")
    scope = Scope(function, parameters=("own", "words"))
    pairs = given_for(expression(call), wanted, scope)
    assert [(ast.unparse(node), path) for node, path in pairs] == given


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("f(x)[0]", {"f(x)": ("[0]",)}),
        ("f(x)['a'].n + g(x)", {"f(x)": ("['a']", "n")}),
        ("f(x).mean()", {}),
        ("f(x)[k]", {}),
        ("[f(r)[1] for r in g(x)]", {"f(r)": ("[1]",)}),
    ],
)
def test_what_of_a_calls_result_goes_on_is_told_where_that_is_not_all(text, parts):
    found = parts_of_calls(expression(text))
    assert {ast.unparse(call): way for call, way in found.items()} == parts
