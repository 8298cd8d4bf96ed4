"""Names that would act on whoever reads them.

A terminal, a page or a log of continuous integration that prints what a model calls its parameters,
or where its files lie, must show them and do nothing else.
"""

import json
import sys
import unicodedata
from pathlib import Path
from xml.dom import minidom

import pytest

import warm
from gradviz.cli import main

NAMES = (
    "\x1b[31mred",
    "line\n::error::broken",
    "\u202ebackwards",
    "\u2066isolated",
    "nothing\x00bell\x07",
    "\x9b31m",
    "\rback\x08",
    "separated\u2028lines",
    "<script>alert(1)</script>",
    "a|b`c`",
    "alone\ud800",
)
SCRIPT = f"""
import torch
from torch import nn

def step():
    net = nn.Module()
    for name in {NAMES!a}:
        net.register_parameter(name, nn.Parameter(torch.ones(2)))
    loss = sum(p.detach().sum() if i % 2 else p.sum() for i, p in enumerate(net.parameters()))
    return loss, net

if __name__ == "__main__":
    loss, net = step()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    loss.backward()
    optimizer.step()
"""
COMMANDS = {
    "check": "check train.py:step",
    "check for GitHub": "check --format github train.py:step",
    "check for code scanning": "check --format sarif train.py:step",
    "show": "show train.py:step -o picture.svg",
    "diff": "diff run.json run.json",
    "merge": "merge run.json run.json",
    "plot": "plot run.json",
}
FILES = ("picture.svg", "page.html", "picture.dot", "report.txt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an odd name, with the script and the report of a run of it."""
    folder = tmp_path_factory.mktemp("odd") / "\x1b[31m\u202e"
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "gradviz", "run", "--values", "-o", "run.json", "train.py"]
    run = warm.completed(command, folder)
    assert run.returncode == 0
    (folder / "run.txt").write_text(run.stdout + run.stderr)
    return folder


def acting(text: str) -> set[str]:
    """Return the characters that do something where they are printed, but the end of a line."""
    return {
        character
        for character in text
        if character != "\n"
        and (
            unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
            or unicodedata.bidirectional(character)
            in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        )
    }


def test_what_acts_is_recognised():
    assert [bool(acting(name)) for name in NAMES] == [True, False, *[True] * 6, False, False, True]


def test_what_a_run_prints_does_nothing(folder):
    text = (folder / "run.txt").read_bytes().decode()
    assert "red" in text
    assert not acting(text)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_a_command_prints_does_nothing(command, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit):
        main(command.split())
    out, err = capsys.readouterr()
    assert out
    assert not acting(out + err)
    if "github" in command:
        assert all(line.startswith("::error") for line in out.splitlines() if "::" in line[:9])
        assert "\n::error::broken" not in out
    if "sarif" in command:
        assert json.loads(out)["runs"]


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_holds_does_nothing(name, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit):
        main(["show", "train.py:step", "-o", name])
    capsys.readouterr()
    text = (folder / name).read_text()
    assert not acting(text) - {"\t"}
    if name.endswith((".svg", ".html")):
        assert "<script>alert" not in text
    if name.endswith(".svg"):
        minidom.parse(str(folder / name))
