"""What an expression takes its value from, by the source alone."""

import ast

import pytest

from gradviz.recording.reading.expressions import (
    arguments_of,
    holds,
    is_inside,
    path_of,
    range_of,
    reads,
    root_of,
    way_into,
    without_some,
)


def parsed(text):
    return ast.parse(text, mode="eval").body


def read(text):
    return {*reads(parsed(text))}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("self.mean", ("self", "mean")),
        ("d['k'].x", ("d", "['k']", "x")),
        ("d.get('k')", ("d", "['k']")),
        ("d.get('k', 0.5)", ("d", "['k']")),
        ("d.get('k', default)", None),
        ("d.pop('k', None)", ("d", "['k']")),
        ("rows[i]", ("rows",)),
        ("f(x)", None),
        ("a + b", None),
    ],
)
def test_a_path_is_a_name_with_attributes_and_constant_keys(text, path):
    assert path_of(parsed(text))[0] == path


def test_an_index_that_is_computed_is_told_beside_the_path():
    path, indices = path_of(parsed("rows[i + 1]"))
    assert path == ("rows",)
    assert [ast.unparse(index) for index in indices] == ["i + 1"]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a + b.c", {("a",), ("b", "c")}),
        ("x.shape[0]", set()),
        ("x.size(0) * y", {("x", "size"), ("y",)}),
        ("x.numel() * y", {("y",)}),
        ("len(x)", set()),
        ("x * 0 + y", {("y",)}),
        ("(0 * x) ** y", {("y",)}),
        ("x ** 0", set()),
        ("0 ** x + 0 + y * 1", {("x",), ("y",)}),
        ("np.zeros_like(x) + y", {("np", "zeros_like"), ("y",)}),
        ("full_like(x, y)", {("full_like",), ("y",)}),
        ("np.zeros(x)", {("np", "zeros"), ("x",)}),
        ("f(x, k=y)", {("f",), ("x",), ("y",)}),
        ("rows[0]", {("rows", "[0]")}),
        ("rows[i]", {("rows",), ("i",)}),
        ("lambda x: x + y", {("y",)}),
        ("[r.n for r in rows]", {("rows", "[?]", "n")}),
        ("{k: v for k, v in d.items()}", {("d",)}),
        ("[0 for _ in rows]", set()),
        ("sum(d.values())", {("sum",), ("d", "values"), ("d",)}),
        ("f'{x:.3f}'", {("x",)}),
        ("1.0", set()),
    ],
)
def test_an_expression_reads_the_paths_that_its_value_comes_from(text, paths):
    assert paths <= read(text)
    assert {path[0] for path in read(text)} == {path[0] for path in paths}


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("{0}", True),
        ("[{0}, x]", True),
        ("list({0})[1]", True),
        ("[v for v in {0}]", True),
        ("[{0} for _ in rows]", True),
        ("[abs(v) for v in {0}]", False),
        ("sum({0})", False),
        ("2 * {0}", False),
    ],
)
def test_a_value_holds_what_it_hands_on_as_it_is(text, held):
    value = parsed(text.format("t.tolist()"))
    (source,) = (node for node in ast.walk(value) if ast.unparse(node) == "t.tolist()")
    assert holds(value, source) is held


def test_a_shape_or_a_type_is_no_value():
    for text in ("x.shape", "x.dtype", "x.device", "type(x)", "isinstance(x, T)", "x.dim()"):
        assert read(text) == set(), text


def test_what_an_expression_leads_into_is_found_behind_calls_and_elements():
    assert root_of(parsed("b.numpy()[1:]")) == ("b",)
    assert root_of(parsed("a.c[i].d")) == ("a", "c")
    assert root_of(parsed("f(x)")) is None


def test_the_way_into_an_element_is_what_follows_the_path():
    assert way_into(parsed("rows[0][1]")) == ("[0]", "[1]")
    assert way_into(parsed("rows[i]")) == ("[?]",)
    assert way_into(parsed("rows")) == ()


def test_a_range_lies_within_itself_and_what_is_around_it():
    tree = parsed("f(a, b)")
    assert is_inside(range_of(tree.args[0]), range_of(tree))
    assert is_inside(range_of(tree), range_of(tree))
    assert not is_inside(range_of(tree), range_of(tree.args[0]))
    assert not is_inside(None, range_of(tree))


def test_a_path_that_ends_with_some_element_is_the_whole():
    assert without_some(("rows", "[?]", "[?]")) == ("rows",)
    assert without_some(("rows", "[?]", "n")) == ("rows", "[?]", "n")


def test_the_parameters_of_a_function_are_all_of_them():
    function = ast.parse("def f(a, /, b, *args, c, **more): ...").body[0]
    assert {argument.arg for argument in arguments_of(function)} == {"a", "b", "c", "args", "more"}
    assert arguments_of(parsed("a")) == []
