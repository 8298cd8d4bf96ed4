import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

import warm

ENDS = re.compile(
    r"gradviz: (All \d+ parameters |The only parameter trains|\d+ of \d+ parameters?"
    r" train|.*whether parameters train is not known)"
)
GRADVIZ = (sys.executable, "-m", "gradviz", "run")


class Ran(NamedTuple):
    """A finished process.

    Its exit code, standard output, standard error, and of that what gradviz said, and the sentence
    it ended with.
    """

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return "".join(
            line
            for line in self.err.splitlines(keepends=True)
            if _is_ours(line) and not ENDS.match(line)
        )

    @property
    def end(self) -> str:
        return "".join(line for line in self.err.splitlines(keepends=True) if ENDS.match(line))

    @property
    def others(self) -> str:
        return "".join(line for line in self.err.splitlines(keepends=True) if not _is_ours(line))


def _is_ours(line: str) -> bool:
    return (
        line.startswith("gradviz")
        or re.match(r"  ([a-z][a-z ]{9}| {10}|\S+ +[·▁-█]+  )", line) is not None
    )


@pytest.fixture
def cold_scripts(tmp_path, monkeypatch):
    """A folder to write scripts to and run them in, by gradviz or by Python alone."""
    monkeypatch.chdir(tmp_path)
    return Scripts(tmp_path)


@pytest.fixture(scope="module")
def shared_scripts(tmp_path_factory):
    """The same, for all tests of a module."""
    return Scripts(tmp_path_factory.mktemp("scripts"))


@pytest.fixture
def warm_scripts(cold_scripts):
    """The same, in forks of a process that has imported torch."""
    cold_scripts.server = warm.server()
    return cold_scripts


@pytest.fixture
def rank_scripts(warm_scripts):
    """The same, where what the scripts start are such forks as well."""
    warm_scripts.children = True
    return warm_scripts


@pytest.fixture
def scripts(warm_scripts):
    """What most tests are content with."""
    return warm_scripts


class Scripts:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: warm.Server | None = None
        self.children = False

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return name

    def python(self, *arguments: str, stdin: str = "", **environment: str) -> Ran:
        return self._run((sys.executable, *arguments), stdin, environment)

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> Ran:
        return self._run((*GRADVIZ, *arguments), stdin, environment)

    def _run(self, command, stdin, environment) -> Ran:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
        if self.server is not None:
            children = self.children
            return Ran(
                *self.server.run(command, self.folder, environment, stdin=stdin, children=children)
            )
        done = subprocess.run(
            command,
            cwd=self.folder,
            input=stdin,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)
