"""What each name gets as a value is unpacked."""

import ast

import pytest

from gradviz.recording.reading.targets import targets, targets_in_turn


def given(text):
    """Return what each target of an assignment or a loop gets: an expression and a way."""
    statement = ast.parse(text).body[0]
    if isinstance(statement, ast.For):
        found = targets_in_turn(statement.target, statement.iter)
    else:
        found = targets(statement.targets[0], statement.value)
    return {
        ast.unparse(target.node): (ast.unparse(target.value), "".join(target.way))
        for target in found
    }


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x = v", {"x": ("v", "")}),
        ("x, y = v", {"x": ("v", "[0]"), "y": ("v", "[1]")}),
        ("x, y = a, b", {"x": ("a", ""), "y": ("b", "")}),
        ("x, (y, z) = v", {"x": ("v", "[0]"), "y": ("v", "[1][0]"), "z": ("v", "[1][1]")}),
        ("x, *y = v", {"x": ("v", "[0]"), "y": ("v", "[1:]")}),
        ("*x, y = v", {"x": ("v", "[0:-1]"), "y": ("v", "[-1]")}),
        ("self.x = v", {"self.x": ("v", "")}),
    ],
)
def test_an_assignment_gives_each_name_its_part(text, names):
    assert given(text) == names


def test_a_loop_gives_parts_of_some_element():
    assert given("for _, k in rows: ...") == {"_": ("rows", "[?][0]"), "k": ("rows", "[?][1]")}


def test_a_name_beyond_what_is_unpacked_gets_nothing_that_is_there():
    assert given("x, y = (a,)")["y"] == ("None", "")
