"""CONTRIBUTING.md names files, folders and commands that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PATHS = {
    word
    for word in re.findall(r"[\w./-]+", TEXT)
    if word.endswith((".py", ".md", "/")) and not word.startswith(".venv")
}


def test_every_path_that_it_names_is_there():
    assert len(PATHS) > 20
    assert [
        path
        for path in PATHS
        if not any((root / path).exists() for root in (ROOT, ROOT / "viz/gradviz"))
    ] == []


def test_every_target_of_make_that_it_names_is_one():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = set(re.findall(r"(?:`|^)make (\w+)", TEXT, re.MULTILINE))
    assert len(named) > 3
    assert named <= set(targets)
