"""``gradviz mend`` as it is typed."""

import subprocess
import sys

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
    command = [sys.executable, "-m", "gradviz", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_patch_is_printed_with_its_effect_and_its_cost_and_written_when_asked(tmp_path):
    file = tmp_path / "größe ∇.py"
    file.write_text(PROGRAM)
    done = gradviz(tmp_path, "mend", "--apply", f"{file.name}:step")
    assert done.returncode == 0, done.stderr
    assert "-    return model[1](model[0](torch.ones(4, 2)).detach()).mean(), model" in done.stdout
    assert "gradient reaches 0.* (2 parameters); before, none did" in done.stdout
    assert "kept for the backward: " in done.stdout
    assert "the step speaks" not in done.stdout.splitlines()
    assert done.stderr.startswith("Wrote ")
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
