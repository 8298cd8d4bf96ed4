"""CONTRIBUTING.md names files, folders and commands that are there, and so do the rooms."""

import ast
import re
from pathlib import Path

import pytest

from gradviz import cli

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "viz" / "gradviz"
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


def test_every_room_is_in_its_picture():
    picture = TEXT.partition("```mermaid")[2].partition("```")[0]
    rooms = [path.parent.name for path in PACKAGE.glob("*/__init__.py")]
    assert len(rooms) > 15
    assert [room for room in rooms if f"{room}/" not in picture] == []


@pytest.mark.parametrize(
    "room", sorted(PACKAGE.glob("*/**/__init__.py")), ids=lambda p: p.parent.name
)
def test_what_a_room_says_of_its_modules_is_about_modules_that_are_there(room):
    source = room.read_text(encoding="utf-8")
    there = {path.stem for path in room.parent.iterdir()}
    for path in room.parent.glob("*.py"):
        there |= set(re.findall(r"^def (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"``([a-z_]+)``", ast.get_docstring(ast.parse(source)) or "")
    assert [name for name in named if name not in there] == []


def test_every_target_of_make_that_it_names_is_one():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = set(re.findall(r"(?:`|^)make (\w+)", TEXT, re.MULTILINE))
    assert len(named) > 3
    assert named <= set(targets)


def test_every_python_command_that_it_names_runs_a_file_with_the_options_it_names():
    named = re.findall(r"python (-m pytest )?([\w/]+\.py)((?: +--?[\w-]+(?: \w+)?)*)", TEXT)
    assert len(named) > 4
    for of_tests, path, options in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        for option, word in re.findall(r"(--?[\w-]+) ?(\w*)", options):
            if of_tests and option == "-k":
                assert any(word in case.name for case in (ROOT / "tests/cases").iterdir()), word
            else:
                assert option in source, (path, option)


def test_every_command_of_gradviz_that_it_names_is_one():
    named = set(re.findall(r"(?:`|^|/)gradviz ([a-z]+)", TEXT, re.MULTILINE))
    assert named
    assert named <= set(cli.gradviz.commands)


@pytest.mark.parametrize("kind", [DeprecationWarning, FutureWarning, PendingDeprecationWarning])
def test_what_torch_says_is_to_go_fails_where_gradviz_calls_it(kind):
    gradviz_itself, user = {"__name__": "gradviz.recording.tape"}, {"__name__": "train"}
    call = "import warnings; warnings.warn('this is to go', kind, stacklevel=1)"
    with pytest.raises(kind):
        exec(call, {**gradviz_itself, "kind": kind})
    with pytest.warns(kind):
        exec(call, {**user, "kind": kind})
