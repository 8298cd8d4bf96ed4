"""From an instruction to its place in the source, and to what becomes of its value there."""

import ast

import pytest

from gradviz.recording.reading.instructions import (
    TextUse,
    is_repeated,
    is_repeated_within,
    place_of,
    position_of,
    scope_of,
    text_use,
)


def test_an_instruction_stands_where_its_expression_does(program):
    file = program("def f(x):\n    y = 2 * x.item()\n    return y\n")
    assert position_of(*file.at("f", "x.item()")) == (2, 12, 2, 20)


def test_its_scope_is_the_function_and_of_a_comprehension_the_one_around(program):
    file = program("class N:\n    def f(self, xs):\n        return [x.item() for x in xs]\n")
    _, scope = scope_of(file.function("f"))
    assert (scope.node.name, scope.owner) == ("f", "N")


def test_its_place_is_the_smallest_expression_with_what_the_names_stand_for(program):
    file = program("def f(x):\n    h = x + 1\n    return g(h.item())\n")
    node, names = place_of(*file.at("f", "h.item()"))
    assert ast.unparse(node) == "h.item()"
    (definition,) = (item for item in names["h",] if not item.call)
    assert ast.unparse(definition.value) == "x + 1"


@pytest.mark.parametrize(
    ("line", "use"),
    [
        ("print(x.item())", TextUse.SHOWN),
        ("s = f'{x.item()}'", TextUse.SHOWN),
        ("s = '%.3f' % x.item()", TextUse.SHOWN),
        ("print(x.item(), file=out)", TextUse.KEPT),
        ("out.write(f'{x.item()}')", TextUse.KEPT),
        ("keep(f'{x.item()}')", TextUse.KEPT),
        ("y = x.item()", TextUse.NONE),
        ("y = g(x.item())", TextUse.NONE),
    ],
)
def test_what_becomes_of_the_text_that_a_value_goes_into(program, line, use):
    file = program(f"def keep(text): ...\ndef f(x, out):\n    {line}\n")
    assert text_use(*file.at("f", "x.item()"), False) is use


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        ("y = x.item()", (False, False)),
        ("for _ in xs: y = x.item()", (True, False)),
        ("y = [x.item() for _ in xs]", (True, True)),
    ],
)
def test_an_instruction_repeats_within_its_function_or_its_statement(program, body, answers):
    file = program(f"def f(x, xs):\n    {body}\n")
    place = file.at("f", "x.item()")
    assert (is_repeated(*place), is_repeated_within(*place)) == answers
