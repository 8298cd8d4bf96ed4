"""``gradviz mend`` as it is typed."""

import json
import re
import subprocess
import sys

import pytest

import warm
from gradviz.mending.cost import cost_of
from gradviz.mending.outcome import TrialOutcome

PROGRAM = """\
import torch
from torch import nn


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    print("the step speaks")
    return model[1](model[0](torch.ones(4, 2)).detach()).mean(), model
"""


def gradviz(folder, *arguments):
    return warm.completed([sys.executable, "-m", "gradviz", *arguments], folder)


def test_the_patch_is_printed_with_its_effect_and_its_cost_and_written_when_asked(tmp_path):
    file = tmp_path / "größe ∇.py"
    file.write_text(PROGRAM)
    # A process of its own, as at the command line
    command = [sys.executable, "-m", "gradviz", "mend", "--apply", f"{file.name}:step"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "-    return model[1](model[0](torch.ones(4, 2)).detach()).mean(), model" in done.stdout
    assert "gradient now reaches 0.* (2 tensors, 9 values)" in done.stdout
    assert "kept for the backward: " in done.stdout
    assert "the step speaks" not in done.stdout.splitlines()
    assert done.stderr.startswith("gradviz: wrote ")
    assert file.read_text() == PROGRAM.replace(".detach()", "")


def test_what_cannot_be_run_is_said_in_a_line(tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM)
    for arguments, said in (
        (["train.py:step", "--lr"], "only a script takes arguments, and 'train.py:step' is none"),
        (["nothing.py"], "there is no file 'nothing.py'"),
    ):
        done = gradviz(tmp_path, "mend", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.splitlines()[-1] == f"gradviz: {said}"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((1.0, 1.1, 1.2), (1.1, 1.2, 1.3), "the time differs by less"),
        ((1.0, 1.1, 1.2), (2.0, 2.1, 2.3), "1.1 s before, 2.1 s after"),
    ],
)
def test_a_time_is_told_where_it_exceeds_the_spread_of_the_runs(before, after, words):
    cost = cost_of(TrialOutcome(times=before), TrialOutcome(times=after), script=False)
    assert words in cost.sentence


def test_an_option_after_the_script_goes_to_the_script_and_that_is_said(tmp_path):
    (tmp_path / "train.py").write_text("import sys\nprint(sys.argv[1:], file=sys.stderr)\n")
    done = gradviz(tmp_path, "mend", "train.py", "--all")
    assert "--all goes to the script, as it stands after it" in done.stderr


def test_an_option_after_a_function_is_told_to_stand_before_it(tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM)
    done = gradviz(tmp_path, "mend", "train.py:step", "--all")
    assert done.returncode == 2
    assert "write --all before it" in done.stderr


def test_the_page_holds_the_patches_as_they_are_printed(tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM)
    done = gradviz(tmp_path, "mend", "-o", "mend.html", "train.py:step")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "mend.html").read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    (patch,) = data["patches"]
    assert patch["whole"] in done.stdout
    assert patch["effect"][-1].startswith("Cost: ")
    assert re.search(r"kept for the backward: \d+ B before, \d+ B after\.$", patch["effect"][-1])
    assert data["losses"][0]["cuts"][0]["patches"] == [0]
    assert data["command"].endswith("mend -o mend.html train.py:step")


def test_only_a_page_is_written_and_that_is_said_before_anything_is_run(tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM)
    done = gradviz(tmp_path, "mend", "-o", "mend.svg", "train.py:step")
    assert (done.returncode, done.stdout) == (2, "")
    assert "-o writes a page, whose name ends in .html" in done.stderr
