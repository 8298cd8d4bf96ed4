"""Small scripts of real frameworks, each beside one with a fault.

Run by Python alone and watched: the same output, and the right answer for every parameter. Those
of one framework share a process that has imported it, and each is a fork of it.

truth.json says of each script: which processes write a report of their own, which parameters do
not train and why, a piece of the line to be named, whether there is an alarm, and which
parameters lie in other processes whole.
"""

import fnmatch
import functools
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import warm

SCRIPTS = Path(__file__).parent / "frameworks"
TRUTH = json.loads((SCRIPTS / "truth.json").read_text())
NEEDS = {"lightning": "lightning.pytorch", "hf": "transformers.trainer", "accelerate": "accelerate"}


def needed(name):
    return NEEDS.get(name.partition("_")[0])


def is_there(module):
    return module is None or find_spec(module.partition(".")[0]) is not None


NAMES = [name for name in TRUTH if is_there(needed(name))]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What runs a script, with all others that need its framework, and returns the folder that
    their reports and their output are in.
    """

    @functools.cache
    def run(names):
        out = tmp_path_factory.mktemp("frameworks")
        imports = ["--import", needed(names[0])] if needed(names[0]) else []
        runner = [sys.executable, SCRIPTS.parent / "run_scripts.py", "--plain", *imports]
        command = [*runner, SCRIPTS, out, *names]
        done = warm.completed(command, out, OMP_NUM_THREADS="1", TRANSFORMERS_VERBOSITY="error")
        assert done.returncode == 0, done.stderr
        return out

    def run_with_its_framework(name):
        framework = needed(name)
        alike = (other for other in NAMES if framework and needed(other) == framework)
        return run(tuple(alike) or (name,))

    return run_with_its_framework


def mistakes(truth, training, process=""):
    """Yield what is wrong in the section "training" of a report."""
    reasons = truth.get("not", {})
    elsewhere = truth.get("away", {}).get(process, ())
    for fate in training["parameters"]:
        away = any(fnmatch.fnmatch(fate["name"], pattern) for pattern in elsewhere)
        if fate["away"] is not away:
            yield f"{fate['name']}: away {fate['away']}, not {away}"
        if away:
            continue
        right = [why for pattern, why in reasons.items() if fnmatch.fnmatch(fate["name"], pattern)]
        if fate["trains"] is not (not right) or [fate["why"]] != (right or [None]):
            yield f"{fate['name']}: {fate['trains']}, {fate['why']}, not {right or 'trains'}"
    if not training["parameters"]:
        yield "no parameters"
    codes = [each["code"] or "" for each in (*training["alarms"], *training["parameters"])]
    if "line" in truth and not any(truth["line"] in code for code in codes):
        yield f"no line with {truth['line']!r} in {codes}"
    alarms = [alarm["why"] for alarm in training["alarms"]]
    apart = truth.get("apart", False)
    if ("ranks_differ" in alarms) is not apart or bool(alarms) is not truth.get("alarm", apart):
        yield f"alarms: {alarms}"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("name", NAMES)
def test_a_script_of_a_framework_is_judged_as_its_truth_says(name, ran):
    truth = TRUTH[name]
    out = ran(name)
    printed = (out / f"{name}.txt").read_text()
    assert (out / f"{name}.out").read_text() == (out / f"{name}.plain").read_text() != "", printed
    assert "stopped watching" not in printed
    assert ("differ between ranks" in printed) is truth.get("apart", False), printed
    own = truth.get("reports", [""])
    reports = [path for part in own for path in out.glob(f"{name}.{part}{part and '.'}json")]
    assert len(reports) >= len(own), printed
    for path in reports:
        training = json.loads(path.read_text())["training"]
        assert not list(mistakes(truth, training, path.suffixes[0][1:])), path.name
    # The sentence that ends each process, or that it says what another says
    ends = printed.count(" train") + printed.count("says the same as rank0")
    assert ends >= len(reports), printed


def test_a_wrong_answer_would_be_found():
    wrong = {"parameters": [{"name": "net.head.bias", "trains": True, "why": None, "code": None}]}
    wrong["parameters"][0]["away"] = False
    assert len(list(mistakes(TRUTH["hf_cut"], {**wrong, "alarms": []}))) == 2
    assert len(list(mistakes(TRUTH["hf_ok"], {"parameters": [], "alarms": []}))) == 1
