"""``make matrix``.

Judges the cases with one torch after another, fails where something differs, and says what it did
not run.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import matrix as program
import warm

HERE = Path(__file__).parent
TORCH, PYTHON = torch.__version__.split("+")[0], ".".join(platform.python_version_tuple()[:2])
RIGHT = (HERE / "cases" / "116_pillar_scatter_data.py").read_text()


@pytest.fixture
def matrix(tmp_path, monkeypatch, capsys):
    """Run the matrix with this Python as the one environment, on cases written here.

    What it starts to judge them are forks that have imported torch, unless it is ``cold``.
    """
    environment = tmp_path / "kept" / f"torch-{TORCH}-py{PYTHON}"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (environment / "bin" / "python").chmod(0o755)
    (environment / ".ready").touch()
    cases = tmp_path / "cases"
    cases.mkdir()

    def answered(command, *, env=None, cwd=None, **options):
        if str(command[0]) != str(environment / "bin" / "python"):
            return subprocess.run(command, env=env, cwd=cwd, **options)
        return warm.completed([sys.executable, *command[1:]], cwd, bare=True, **(env or {}))

    def run(*arguments, cold=False, **sources):
        for name, source in sources.items():
            (cases / f"1_{name}.py").write_text(source)
        command = [HERE / "matrix.py", f"--cases={cases}", *arguments]
        if cold:
            variables = {**os.environ, "GRADVIZ_MATRIX": str(tmp_path / "kept")}
            ran = subprocess.run(
                [sys.executable, *command],
                capture_output=True,
                text=True,
                timeout=300,
                env=variables,
            )
            return ran.returncode, ran.stdout.splitlines()
        monkeypatch.setattr(program, "FOLDER", tmp_path / "kept")
        monkeypatch.setattr(
            program, "subprocess", SimpleNamespace(**vars(subprocess) | {"run": answered})
        )
        monkeypatch.setattr(sys, "argv", [str(part) for part in command])
        return program.main(), capsys.readouterr().out.splitlines()

    return run


def test_a_row_says_what_is_right_of_what_is_listed(matrix):
    status, (heads, row) = matrix(f"{TORCH}/{PYTHON}", cold=True, right=RIGHT)
    assert status == 0
    assert heads.split() == [
        "torch",
        "Python",
        "verdicts",
        "lines",
        "kinds",
        "partial",
        "false",
        "raised",
        "seconds",
    ]
    version, python, verdicts, lines, kinds, _, false, raised, _ = row.split()
    assert (version, python, false, raised) == (TORCH, platform.python_version(), "0", "0")
    for share in (verdicts, lines, kinds):
        right, listed = share.split("/")
        assert right == listed != "0"


def test_a_verdict_that_differs_is_named_and_fails(matrix):
    status, (_, row, *differs) = matrix(
        f"{TORCH}/{PYTHON}", right=RIGHT, wrong=RIGHT.replace('"cut"', '"unused"')
    )
    assert status == 1
    assert row.split()[2].split("/")[0] != row.split()[2].split("/")[1]
    assert all(
        line.startswith(f"torch {TORCH}, Python {platform.python_version()}: 1_wrong.py: ")
        for line in differs
    )
    assert any(line.endswith("is unused, said cut") for line in differs)


def test_a_case_that_raises_counts_as_wholly_wrong(matrix):
    status, (_, row, *differs) = matrix(
        f"{TORCH}/{PYTHON}", broken=RIGHT + "\n\ndef step():\n    raise ValueError('broken')\n"
    )
    assert status == 1
    assert row.split()[2].startswith("0/")
    assert row.split()[7] == "1"
    assert "1_broken.py: ValueError: broken" in differs[0]


def test_a_case_whose_labels_hold_from_a_later_torch_on_is_left_out(matrix):
    status, (_, row) = matrix(
        f"{TORCH}/{PYTHON}",
        right=RIGHT,
        later=RIGHT.replace('"cut"', '"unused"') + '\nSINCE = "2.99"\n',
    )
    assert status == 0
    assert row.split()[2] != "0/0"


def test_what_cannot_be_run_is_said_and_is_no_failure(matrix):
    status, (_, first, second) = matrix(
        "--minutes=0.001", "2.6.0/2.7.99", f"newest/{PYTHON}", right=RIGHT
    )
    assert status == 0
    assert first == "Not run: 2.6.0/2.7.99: there is no Python 2.7.99 on this machine"
    assert second.startswith(f"Not run: newest/{PYTHON}: ")


def test_judging_that_dies_is_a_failure_where_torch_itself_is_well(matrix):
    status, lines = matrix(f"{TORCH}/{PYTHON}", dies="import os\nos._exit(3)\n")
    assert status == 1
    assert f"torch {TORCH}/{PYTHON}: the cases could not be judged" in lines[-1]
