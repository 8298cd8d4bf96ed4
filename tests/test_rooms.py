"""The order of the rooms.

Who may import whom, held on the package itself, and the proof that the check can fail.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("importlinter", reason="import-linter is not installed")
ROOT = Path(__file__).parents[1]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def lint(viz: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Hold the package in ``viz`` to the contracts of this project."""
    config = shutil.copy(ROOT / ".importlinter", folder)
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
    ]
    environment = {**os.environ, "PYTHONPATH": str(viz), "COLUMNS": "200"}
    options = ["--no-cache", str(config)]
    return subprocess.run(
        [*command, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the package, to add imports to."""
    source = tmp_path / "viz"
    shutil.copytree(
        ROOT / "viz/gradviz", source / "gradviz", ignore=shutil.ignore_patterns("__pycache__")
    )
    return source


def test_every_floor_stands_on_those_below_it(tmp_path: Path) -> None:
    done = lint(ROOT / "viz", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        (
            "facts/findings.py",
            "from gradviz.render.text import render_text",
            "Each floor stands on those below it",
        ),
        (
            "render/svg.py",
            "from gradviz.reports import Report",
            "Each floor stands on those below it",
        ),
        (
            "render/marks.py",
            "from gradviz.render.svg import drawing",
            "No two rooms of one floor need each other",
        ),
        (
            "reports.py",
            "if TYPE_CHECKING:\n    from gradviz.mending.search import Mend",
            "Each floor stands on those below it",
        ),
        (
            "recording/tape.py",
            "def later() -> None:\n    from gradviz.recording.observer import Observer",
            "No two rooms of one floor need each other",
        ),
    ],
)
def test_one_forbidden_import_breaks_a_contract(
    copied: Path, tmp_path: Path, module: str, line: str, contract: str
) -> None:
    path = copied / "gradviz" / module
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    done = lint(copied, tmp_path)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout


def test_a_new_room_has_to_be_put_on_a_floor(copied: Path, tmp_path: Path) -> None:
    (copied / "gradviz" / "attic.py").write_text('"""Belongs nowhere."""\n', encoding="utf-8")
    done = lint(copied, tmp_path)
    assert done.returncode == 1
    assert "attic" in done.stdout


def test_what_says_that_it_needs_no_torch_is_imported_where_there_is_none() -> None:
    modules = [
        ".".join(path.relative_to(ROOT / "viz").with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "viz/gradviz").rglob("*.py")
        if re.search(r"no torch\b|without torch\b", ast.get_docstring(parsed(path)) or "")
    ]
    assert len(modules) > 20
    program = "\n".join(
        (
            "import importlib, sys",
            "sys.modules['torch'] = None",
            "for name in sys.argv[1:]: importlib.import_module(name)",
        )
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "viz")}
    command = [sys.executable, "-c", program, *modules]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
