"""Functions that are named on the command line."""

import sys

from gradviz.running.steps import find_function, trace_function

STEP = """
import sys
from torch import nn, ones
SEEN = [list(sys.argv)]
def step():
    SEEN.append(list(sys.argv))
    model = nn.Linear(2, 1)
    return model(ones(1, 2)).sum(), model
"""


def test_a_file_sees_the_command_line_that_python_would_give_it(tmp_path, monkeypatch):
    (tmp_path / "steps.py").write_text(STEP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gradviz", "show", "steps.py:step", "-o", "g.svg"])
    function = find_function("steps.py:step")
    assert function.__globals__["SEEN"] == [["steps.py"]]
    trace_function("steps.py:step")
    assert sys.argv[0] == "gradviz"


def test_the_function_sees_it_as_well(tmp_path, monkeypatch):
    text = STEP.replace("SEEN.append(list(sys.argv))", "assert sys.argv == ['steps.py']")
    (tmp_path / "steps.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gradviz", "show", "steps.py:step"])
    assert trace_function("steps.py:step").parameters["weight"].verdict == "reached"
