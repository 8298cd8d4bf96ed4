"""Whole scripts with known truth.

Each parameter's fate, its reason, the line and the alarm, for faults and their healthy twins.

truth.json says of each script: does it have to raise an alarm (null: either), which parameters
train (their values were compared in plain torch from the first backward to the end), which reasons
are right for those that do not, and a piece of the line to be named.
"""

import fnmatch
import json
import os
import sys
from pathlib import Path

import pytest

import warm

SCRIPTS = Path(__file__).parent / "scripts"
TRUTH = json.loads((SCRIPTS / "truth.json").read_text())
# as many lots as make each test short
LOTS = [list(TRUTH)[start::4] for start in range(4)]


def mistakes(name, truth, training):
    """Yield what is wrong in the section "training" of a report."""
    fates = {fate["name"]: fate for fate in training["parameters"]}
    for parameter, trains in truth["trains"].items():
        if fates.get(parameter, {}).get("trains") is not trains:
            yield (
                f"{name}: {parameter} trains:"
                f" {fates.get(parameter, {}).get('trains', 'not in the report')}, not {trains}"
            )
    for pattern, reasons in truth["why"].items():
        for parameter in fnmatch.filter(
            [one for one, trains in truth["trains"].items() if not trains], pattern
        ):
            if fates.get(parameter, {}).get("why") not in reasons:
                yield (
                    f"{name}: {parameter} why: {fates.get(parameter, {}).get('why')}, not {reasons}"
                )
    codes = [
        each["code"] or ""
        for each in (
            *training["alarms"],
            *(fate for fate in fates.values() if fate["trains"] is False),
        )
    ]
    if truth["line"] and not any(truth["line"] in code for code in codes):
        yield f"{name}: no line with {truth['line']!r} in {codes}"
    alarms = [alarm["why"] for alarm in training["alarms"]]
    if truth["alarm"] is not None and bool(alarms) is not truth["alarm"]:
        yield f"{name}: alarms {alarms}, not {truth['alarm']}"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("names", LOTS, ids=["first", "second", "third", "fourth"])
def test_every_script_is_judged_as_its_truth_says(names, tmp_path):
    command = [sys.executable, SCRIPTS.parent / "run_scripts.py", SCRIPTS, tmp_path, *names]
    done = warm.completed(command, tmp_path, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    wrong = []
    for name in names:
        printed = (tmp_path / f"{name}.txt").read_text()
        if "stopped watching" in printed:
            wrong.append(printed)
        training = json.loads((tmp_path / f"{name}.json").read_text())["training"]
        wrong += mistakes(name, TRUTH[name], training)
    assert not wrong, "\n".join(wrong)


def test_a_wrong_answer_would_be_found():
    name = next(name for name, truth in TRUTH.items() if truth["alarm"])
    assert list(mistakes(name, TRUTH[name], {"parameters": [], "alarms": []}))
