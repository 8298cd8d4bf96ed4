"""Every case in ``cases/``.

Its verdicts, the lines that sever, their kinds, the partial flags, and nothing named that severs
nothing.
"""

from pathlib import Path

import pytest

from gradviz.reports import read_json
from scoring import UNSEEN, holds_here, judged, load, score

CASES = sorted((Path(__file__).parent / "cases").glob("[0-9]*.py"))


def as_parameter(path):
    marks = (
        [pytest.mark.xfail(strict=True, reason=UNSEEN[path.name])] if path.name in UNSEEN else []
    )
    return pytest.param(path, id=path.name, marks=marks)


@pytest.mark.parametrize("path", [as_parameter(path) for path in CASES])
def test_a_case_is_judged_as_its_labels_say(path):
    case = load(path)
    if not holds_here(case):
        pytest.skip(f"its labels hold from torch {case.SINCE} on")
    report = judged(case)
    found = score(case, path.resolve(), report).complaints
    assert not found, "\n".join(found)
    assert read_json(report.to_json()) == report


@pytest.mark.parametrize("path", [as_parameter(path) for path in CASES])
def test_before_backward_nothing_is_said_that_only_a_backward_tells(path):
    case = load(path)
    report = judged(case, own_backward=False)
    told = {name: str(one.verdict) for name, one in report.parameters.items()}
    assert "zero" not in told.values()
    wrong = {
        name: told[name]
        for name, verdict in case.EXPECT.items()
        if told[name] != verdict and verdict != "zero"
    }
    assert all(
        told == "reached" and verdict in ("cut", "unused")
        for told, verdict in ((wrong[name], case.EXPECT[name]) for name in wrong)
    )
    assert len(wrong) < len(case.EXPECT)


@pytest.mark.parametrize("name", UNSEEN)
def test_of_what_cannot_be_seen_a_note_says_so_and_names_the_line(name):
    case = load(Path(__file__).parent / "cases" / name)
    report = judged(case)
    for parameter, verdict in case.EXPECT.items():
        if report.parameters[parameter].verdict != verdict:
            assert any(
                name in note and parameter in note and "cannot be seen" in note
                for note in report.notes
            )
