"""Judges every case on several versions of torch and Python, and prints a table.

    python tests/matrix.py                          every version of VERSIONS
    python tests/matrix.py 2.6.0/3.11 2.15.0/3.13   these
    python tests/matrix.py newest                   the newest torch that can be installed here, on
                                                    the newest Python
    python tests/matrix.py --minutes 10 newest      what takes longer is not run, and said

It ends with 1 where anything differs from the labels. Each version has an environment of its own in
the folder that GRADVIZ_MATRIX names, else in ~/.cache/gradviz-matrix; one that exists is used. What
cannot be installed (no network, no such Python, no room on the disk) is said and is no failure.
Nothing but the standard library is needed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

VERSIONS = ("2.6.0/3.11", "2.9.1/3.12", "2.13.0/3.11", "2.14.1/3.11", "2.15.0/3.12", "2.15.0/3.13")
PYTHONS = ("3.13", "3.12", "3.11")  # the newest first
FREE = 12  # GiB on the disk; torch's CUDA build takes 6, and as much again while it is installed
MOST = 40  # differences of one version that are printed
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CASES = HERE / "cases"
FOLDER = Path(os.environ.get("GRADVIZ_MATRIX") or Path.home() / ".cache" / "gradviz-matrix")
COLUMNS = ("torch", "Python", "verdicts", "lines", "kinds", "partial", "false", "raised", "seconds")
WIDTHS = (9, 8, 11, 9, 9, 11, 7, 8, 8)


class NotRunError(Exception):
    """Why a version was not run."""


class JudgingError(Exception):
    """How the judging ended where torch itself can be imported."""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("versions", nargs="*", default=VERSIONS, metavar="TORCH/PYTHON")
    parser.add_argument(
        "--cases",
        type=Path,
        action="append",
        metavar="FOLDER",
        help="in place of tests/cases; may be repeated",
    )
    parser.add_argument(
        "--minutes", type=float, default=180, help="for all of it, the installing included"
    )
    # What it calls itself with, in each environment
    parser.add_argument("--score", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    folders = options.cases or [CASES]
    if options.score:
        json.dump(scored(folders), sys.stdout)
        return 0
    deadline = time.monotonic() + 60 * options.minutes
    print_row(COLUMNS)
    differs, not_run = [], []
    for version in options.versions:
        try:
            result = run(version, folders, deadline)
        except NotRunError as reason:
            not_run.append(f"{version}: {reason}")
            continue
        except JudgingError as reason:
            differs.append(f"torch {version}: {reason}")
            continue
        print_row([str(result[column]) for column in COLUMNS])
        lines = result["differs"]
        more = [f"and {len(lines) - MOST} more"] if len(lines) > MOST else []
        differs += [
            f"torch {result['torch']}, Python {result['Python']}: {line}"
            for line in lines[:MOST] + more
        ]
    for line in differs:
        print(line)
    for line in not_run:
        print(f"Not run: {line}")
    return 1 if differs else 0


def print_row(values):
    print(
        "".join(value.ljust(width) for value, width in zip(values, WIDTHS, strict=True)).rstrip(),
        flush=True,
    )


def run(version, folders, deadline):
    """Judge the cases on one version; return a row of the table."""
    python = environment(version, deadline)
    began = time.monotonic()
    command = [python, __file__, "--score", *(f"--cases={folder.resolve()}" for folder in folders)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "viz"), "OMP_NUM_THREADS": "1"}
    ran = called(command, deadline, "judging the cases", env=variables, cwd=HERE)
    if ran.returncode:
        reason = f"the cases could not be judged: {last_line(ran.stderr)}"
        imported = called([python, "-c", "import torch"], deadline, "importing torch")
        raise NotRunError(reason) if imported.returncode else JudgingError(reason)
    return {**json.loads(ran.stdout.splitlines()[-1]), "seconds": round(time.monotonic() - began)}


# The environments


def environment(version, deadline):
    """Return the Python of an environment with a version of torch, which is made where there is
    none.
    """
    torch, _, own = version.partition("/")
    if torch == "newest":
        torch, own = "", own or next((other for other in PYTHONS if interpreter(other)), "")
    name = torch or f"newest-{time.strftime('%Y-%m')}"  # a newer one is looked for every month
    folder = FOLDER / f"torch-{name}-py{own}"
    ready, python = folder / ".ready", folder / "bin" / "python"
    if ready.exists():
        return python
    base = interpreter(own)
    if base is None:
        raise NotRunError(f"there is no Python {own} on this machine")
    FOLDER.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(FOLDER).free < FREE << 30:
        raise NotRunError(f"less than {FREE} GiB are free in {FOLDER}")
    shutil.rmtree(folder, ignore_errors=True)  # one that was not finished
    print(
        f"(installing torch {torch or 'newest'} for Python {own} into {folder})",
        file=sys.stderr,
        flush=True,
    )
    try:
        install(base, folder, f"torch=={torch}" if torch else "torch", deadline)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    ready.touch()
    return python


def install(base, folder, torch, deadline):
    """Make an environment with a torch and with what the package and its cases need."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        needed = [
            one
            for one in tomllib.load(file)["project"]["dependencies"]
            if not one.startswith("torch>")
        ]
    # A machine may hold back torch for its other projects; here the version is the point.
    variables = {**os.environ, "PIP_CONSTRAINT": os.devnull}
    for command in (
        [base, "-m", "venv", str(folder)],
        [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            torch,
            *needed,
        ],
    ):
        ran = called(command, deadline, f"installing {torch}", env=variables)
        if ran.returncode:
            raise NotRunError(f"{torch} could not be installed: {last_line(ran.stderr)}")


def interpreter(version):
    """Return the command of a Python by its version; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for command in (
        shutil.which(f"python{version}"),
        *sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True),
        sys.executable,
    ):
        if command and answers(str(command)) == version:
            return str(command)
    return None


def answers(command):
    try:
        ran = subprocess.run(
            [command, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip()


def called(command, deadline, what, **options):
    """Run a command that must end before the deadline."""
    left = deadline - time.monotonic()
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=max(left, 1), check=False, **options
        )
    except subprocess.TimeoutExpired:
        raise NotRunError(f"the time was up while {what}") from None


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip() and not re.match(r"WARNING", line)]
    return lines[-1].strip() if lines else "it said nothing"


# In each environment


def scored(folders):
    """Judge every case with the torch of this process.

    Return a row of the table, and what differs from the labels.
    """
    import platform

    import torch

    from scoring import FIGURES, UNSEEN, Score, holds_here, judged, load, score

    right, listed = dict.fromkeys(FIGURES, 0), dict.fromkeys(FIGURES, 0)
    false, raised, differs = 0, 0, []
    for path in sorted(path for folder in folders for path in folder.glob("[0-9]*.py")):
        case = load(path)
        if not holds_here(case):
            continue
        try:
            found = score(case, path.resolve(), judged(case))
        except Exception as error:
            raised += 1
            differs.append(f"{path.name}: {type(error).__name__}: {error}")
            found = Score()
            found.listed.update(verdicts=len(case.EXPECT), lines=len(case.CUTS))
        for figure in FIGURES:
            right[figure] += found.right[figure]
            listed[figure] += found.listed[figure]
        false += found.false
        if path.name not in UNSEEN:
            differs += [f"{path.name}: {complaint}" for complaint in found.complaints]
    shares = {figure: f"{right[figure]}/{listed[figure]}" for figure in FIGURES}
    version = torch.__version__.split("+")[0]
    return {
        "torch": version,
        "Python": platform.python_version(),
        **shares,
        "false": false,
        "raised": raised,
        "differs": differs,
    }


if __name__ == "__main__":
    sys.exit(main())
