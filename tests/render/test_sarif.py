"""The SARIF file of ``gradviz check``.

What the 2.1.0 schema requires of a log, its run and its results, and what is told in it.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradviz import cli
from gradviz.expecting.expectations import expect, violations
from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Parameter, Verdict
from gradviz.render.sarif import render_sarif
from gradviz.reports import Report

CUT = Cut(
    kind=CutKind.DETACH,
    operation="detach()",
    file="src/my net.py",
    line=12,
    code="x = h.detach()",
    parameters=("a.w",),
)
SEVERED = Parameter(name="a.w", names=("a.w",), numel=6, verdict=Verdict.CUT, cuts=(CUT,))
REPORT = Report(
    parameters=Parameters(
        (SEVERED, Parameter(name="b.w", names=("b.w",), numel=2, verdict=Verdict.REACHED))
    ),
    cuts=(CUT,),
)


def log(*parts: Any) -> dict[str, Any]:
    """Read what is written, and hold it against what the schema requires."""
    document: dict[str, Any] = json.loads(render_sarif(parts, root=Path.cwd()))
    assert document["version"] == "2.1.0"
    assert set(document) <= {"$schema", "version", "runs"}
    for run in document["runs"]:
        driver = run["tool"]["driver"]
        assert isinstance(driver["name"], str)
        rules = [rule["id"] for rule in driver["rules"]]
        assert len(rules) == len(set(rules))
        for result in run["results"]:
            assert result["ruleId"] in rules
            assert result["level"] in ("none", "note", "warning", "error")
            assert result["message"]["text"]
            for location in result.get("locations", []):
                place = location["physicalLocation"]
                assert place["region"]["startLine"] >= 1
                assert " " not in place["artifactLocation"]["uri"]
    return document


def test_a_violation_is_a_result_on_the_line_of_the_cut() -> None:
    (run,) = log((REPORT, violations(REPORT, expect())))["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == "cut"
    assert result["message"]["text"].startswith(
        "a.w (6 values): expected reached, found cut, by detach() at src/my net.py:12"
    )
    place = result["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "src/my%20net.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12},
    }
    assert run["tool"]["driver"]["rules"] == [
        {"id": "cut", "name": "Cut", "shortDescription": {"text": "no route back is left"}}
    ]


def test_a_pattern_without_a_match_has_no_place_and_what_is_as_expected_no_result() -> None:
    (run,) = log((REPORT, violations(REPORT, expect(rest="any", frozen="c.*"))))["runs"]
    assert [(result["ruleId"], "locations" in result) for result in run["results"]] == [
        ("no-match", False)
    ]
    healthy = replace(REPORT, parameters=Parameters((REPORT.parameters["b.w"],)), cuts=())
    assert log((healthy, violations(healthy, expect())))["runs"][0]["results"] == []


def test_check_prints_nothing_else(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    REPORT.to_json("report.json")
    for expected, status in (("--cut", 0), ("--frozen", 1)):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["check", "report.json", expected, "a.*", "--format", "sarif"])
        assert stopped.value.code == status
        assert len(json.loads(capsys.readouterr().out)["runs"][0]["results"]) == status
