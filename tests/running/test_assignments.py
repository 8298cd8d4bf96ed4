"""The line that gave a name something else after an optimizer was made, by the source."""

import sys

import pytest

from gradviz.recording.recorder import spot_of
from gradviz.running.assignments import assigned_anew


def run(tmp_path, text, name="model"):
    """Run a function of a file; return the line that gave a name anew, as seen from its end."""
    file = tmp_path / "train.py"
    file.write_text(text)
    names = {"made": lambda: made.append(spot_of(sys._getframe(1)))}
    made, found = [], []
    names["look"] = lambda value: found.append(
        assigned_anew(name, value, sys._getframe(1), made[0])
    )
    exec(compile(text, str(file), "exec"), names)
    names["main"]()
    return None if found[0] is None else found[0].code


def test_the_only_line_behind_the_optimizer_is_the_one(tmp_path):
    text = """
def main():
    model = object()
    made()
    model = [1]
    look(model)
"""
    assert run(tmp_path, text) == "model = [1]"


@pytest.mark.parametrize(
    "body",
    [
        "model = [1]\n    model = [2]\n    look(model)",
        "look(model)",
    ],
)
def test_of_several_or_none_it_cannot_be_told(tmp_path, body):
    assert run(tmp_path, f"def main():\n    model = object()\n    made()\n    {body}\n") is None


def test_in_a_loop_a_line_above_comes_behind_as_well(tmp_path):
    text = """
def main():
    for turn in range(2):
        model = [turn]
        made()
    look(model)
"""
    assert run(tmp_path, text) == "model = [turn]"


def test_an_attribute_is_looked_for_in_the_whole_file(tmp_path):
    text = """
class Trainer: pass
trainer = Trainer()
trainer.model = object()

def swap():
    trainer.model = [1]

def main():
    made()
    swap()
    look(trainer.model)
"""
    assert run(tmp_path, text, "trainer.model") is None  # two lines assign to it
    (tmp_path / "one").mkdir()
    once = text.replace("trainer.model = object()\n", "")
    assert run(tmp_path / "one", once, "trainer.model") == "trainer.model = [1]"


def test_what_is_no_name_is_not_assigned_to(tmp_path):
    assert run(tmp_path, "def main():\n    made()\n    look(1)\n", "models[0]") is None
