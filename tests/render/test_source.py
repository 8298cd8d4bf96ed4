"""The source around a line."""

import pytest

from gradviz.render.source import lines_near

TEXT = "import torch\n\n\ndef f(x):\n\ty = x.detach()\n\n\nprint(f)\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(TEXT)
    return str(path)


def test_blank_lines_at_the_ends_are_left_out_and_tabs_are_spaces(file):
    assert lines_near(file, 5, "y = x.detach()") == (4, ("def f(x):", "    y = x.detach()"))


def test_what_all_lines_are_indented_by_is_left_out(tmp_path):
    path = tmp_path / "deep.py"
    path.write_text("        a = 1\n        b = 2\n")
    assert lines_near(str(path), 2, "b = 2") == (1, ("a = 1", "b = 2"))


@pytest.mark.parametrize("line", [0, 4, 99])
def test_of_a_file_that_says_something_else_there_nothing_is_shown(file, line):
    assert lines_near(file, line, "y = x.detach()") == (0, ())


@pytest.mark.parametrize("name", ["", "gone.py", "a\ud800.py", "a\0.py"])
def test_of_a_file_that_cannot_be_there_nothing_is_shown(name):
    assert lines_near(name, 1, "y = 1") == (0, ())
