"""A program is read for what is found in its syntax tree, and a broken one raises nothing."""

import ast

import pytest

from gradviz.graph import Place
from gradviz.recording.reading.programs import lines_with, tree_of


def _calls(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.fixture
def program(tmp_path):
    file = tmp_path / "own.py"
    file.write_text("if x:\n    f(g(1))\nFreeze(2)\n")
    return str(file)


def test_each_line_is_named_once_and_in_order(program):
    assert lines_with(_calls, program) == (
        Place(program, 2, "f(g(1))"),
        Place(program, 3, "Freeze(2)"),
    )


def test_a_file_without_any_of_the_words_is_not_parsed(program):
    assert lines_with(_calls, program, ["thaw"]) == ()
    assert len(lines_with(_calls, program, ["thaw", "freeze"])) == 2


@pytest.mark.parametrize("text", ["f(", "f(1)\0", "-" * 100_000 + "1"])
def test_what_is_no_python_has_no_tree(text, tmp_path):
    (tmp_path / "own.py").write_text(text)
    assert tree_of(text) is None
    assert lines_with(_calls, str(tmp_path / "own.py")) == ()
