"""The script that looks at gradviz on a GPU."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import warm

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "gpu.py"


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_everything_holds_on_a_gpu():
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_a_cpu_can_run_of_it_holds_there(tmp_path):
    command = [sys.executable, SCRIPT, "--cpu", "-o", tmp_path / "gpu.md"]
    done = warm.completed(command, children=True)
    assert done.returncode == 0, done.stdout + done.stderr
    table = (tmp_path / "gpu.md").read_text()
    assert "| not tried |" in table
    assert "MISSED" not in table
