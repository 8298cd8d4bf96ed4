"""What if one cut were not there."""

import pytest

from gradviz.errors import GradvizError
from gradviz.mending.without import report_without

PROGRAM = """\
import torch
from torch import nn


def step():
    torch.manual_seed(0)
    model = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(3, 3), "c": nn.Linear(3, 1)})
    h = model["a"](torch.ones(4, 2)).detach()
    with torch.no_grad():
        h = model["b"](h)
    return model["c"](h).mean(), model
"""


def test_the_verdicts_are_those_of_the_step_without_that_one_cut(tmp_path, monkeypatch, nursery):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(PROGRAM)
    verdicts = {
        name: str(one.verdict)
        for name, one in report_without(
            "train.py:step", "train.py:9", nursery=nursery
        ).parameters.items()
    }
    assert verdicts == {
        "a.weight": "cut",
        "a.bias": "cut",
        "b.weight": "reached",
        "b.bias": "reached",
        "c.weight": "reached",
        "c.bias": "reached",
    }
    assert (tmp_path / "train.py").read_text() == PROGRAM


def test_a_cut_below_one_that_is_taken_away_keeps_its_line(tmp_path, monkeypatch, nursery):
    monkeypatch.chdir(tmp_path)
    text = PROGRAM.replace(".mean()", ".mean() + model['c'].bias.item()")
    (tmp_path / "train.py").write_text(text)
    report = report_without("train.py:step", "train.py:9", nursery=nursery)
    assert {(cut.line, cut.operation) for cut in report.cuts} == {(8, "detach()"), (11, "item()")}
    assert report.notes[0].startswith("Without torch.no_grad() at train.py:9: measured")
    assert "Line numbers" not in report.notes[0]


def test_a_line_that_cuts_nothing_is_refused_with_those_that_do(tmp_path, monkeypatch, nursery):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(PROGRAM)
    with pytest.raises(
        GradvizError,
        match=r"nothing is cut at train.py:7 \(there are cuts at train.py:8, train.py:9\)",
    ):
        report_without("train.py:step", "train.py:7", nursery=nursery)
