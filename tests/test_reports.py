"""A report as a person meets it."""

import json
import re
from dataclasses import replace

import pytest
import torch
from graphs import ARTICLE_MODES, detached
from torch import nn

import gradviz
from differing import several
from gradviz.errors import OutputError, ReportFileError
from gradviz.facts.findings import Findings
from gradviz.graph import Verdict
from gradviz.render.sentences import verdict_counts
from gradviz.reports import Report, read_json


@pytest.mark.parametrize("make", ARTICLE_MODES.values())
def test_a_report_comes_back_from_its_json_as_it_was(make):
    assert read_json(make().to_json()) == make()


def test_findings_become_a_report_and_so_does_each_of_their_losses():
    made = Report.of(Findings(losses={"a": Findings(loss="a")}))
    assert type(made) is type(made.losses["a"]) is Report
    assert Report.of(several()) == several()


def test_it_shows_itself_in_a_few_lines_and_explains_itself_when_printed():
    report = detached()
    assert len(repr(report).splitlines()) <= 10
    assert len(str(report)) > len(repr(report))
    assert str(report).splitlines()[0].startswith("2 of 6 parameters get gradient")


@pytest.mark.parametrize("budget", [300, 1])
def test_without_a_trace_what_is_not_reached_is_nowhere_called_unused(budget):
    model = nn.ModuleDict({"used": nn.Linear(2, 2), "spare": nn.Linear(2, 2)})
    report = gradviz.report(model["used"](torch.ones(1, 2)).sum(), model)
    picture = report.to_svg(engine="embedded", view=gradviz.View(budget=budget))
    page = json.loads(
        re.search(r'type="application/json" id="data">(.*?)</script>', report.to_html())[1]
    )
    assert "  not reached  spare.* (2 tensors, 6 values)" in repr(report).splitlines()
    assert "Not reached (cut or unused, a trace tells): spare.* (2 parameters)." in picture
    assert "not reached: cut or unused, a trace tells" in picture
    named = {verdict["word"]: verdict["name"] for verdict in page["verdicts"]}
    assert named == {word: word for word in Verdict} | {"unused": "not reached"}
    for text in (repr(report), *re.findall(">([^<>]+)<", picture), *page["losses"][0]["strings"]):
        assert "unused" not in text.replace("cut or unused", "").replace("node.unused", "")
    assert "4 parameters, 2 reached and 2 not reached" in verdict_counts(report)


def test_a_file_is_written_where_a_name_is_given_and_is_what_was_returned(tmp_path):
    report = detached()
    for name, made in (("r.json", report.to_json), ("r.html", report.to_html)):
        assert made(tmp_path / name) == (tmp_path / name).read_text(encoding="utf-8")
    picture = report.to_svg(tmp_path / "r.svg", engine="embedded")
    assert (tmp_path / "r.svg").read_text(encoding="utf-8") == picture
    assert report.to_dot(view=gradviz.View(depth=0)).startswith("digraph")


def test_a_folder_that_is_not_there_is_an_error_with_a_name(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        detached().to_json(tmp_path / "no" / "r.json")


@pytest.mark.parametrize(
    "change", [lambda data: [], lambda data: data | {"format": 99}, lambda data: {"format": 2}]
)
def test_what_is_no_report_is_refused(change):
    with pytest.raises(ReportFileError):
        read_json(json.dumps(change(json.loads(detached().to_json()))))


def test_a_report_cannot_be_written_to():
    with pytest.raises(AttributeError):
        detached().loss = "other"
    assert replace(detached(), loss="other").loss == "other"
