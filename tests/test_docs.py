"""The documentation: what its console blocks print, what its programs assert, and that it builds without a warning.

``python tests/test_docs.py`` writes what the console blocks print anew.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gradviz import cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
PYTHON = re.compile(r"(?<=^```python\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def name(page):
    return str(page.relative_to(DOCS))


def run(command):
    """What one command of a console block writes to standard output, with the paths of a checkout."""
    program, *arguments = shlex.split(command)
    assert program == "gradviz"
    path, out = list(sys.path), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
        cli.main(arguments)
    sys.path[:] = path
    return out.getvalue().replace(f"{ROOT}/", "")


def replay(block):
    """A console block with what its commands print now."""
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{run(command)}" for command in commands)


@contextlib.contextmanager
def a_folder_with_the_examples():
    before = Path.cwd(), os.environ.get("COLUMNS")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "examples").symlink_to(ROOT / "examples")
        os.chdir(folder)
        os.environ["COLUMNS"] = "100"
        try:
            yield
        finally:
            os.chdir(before[0])
            os.environ.pop("COLUMNS")
            if before[1] is not None:
                os.environ["COLUMNS"] = before[1]


@pytest.mark.parametrize("page", [page for page in PAGES if "```console" in page.read_text()], ids=name)
def test_every_console_block_shows_what_its_commands_print(page):
    with a_folder_with_the_examples():
        for block in CONSOLE.findall(page.read_text()):
            assert replay(block).splitlines() == block.splitlines()


@pytest.mark.parametrize("page", [page for page in PAGES if "```python" in page.read_text()], ids=name)
def test_every_program_of_a_page_runs_and_finds_what_it_asserts(page):
    names = {"__name__": "page"}
    for match in PYTHON.finditer(page.read_text()):
        line = page.read_text()[: match.start()].count("\n")
        exec(compile("\n" * line + match[0], str(page), "exec"), names)


def test_the_documentation_builds_without_a_warning(tmp_path):
    pytest.importorskip("furo", reason="needs torch-gradviz[docs]")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(tmp_path / "trees"), str(DOCS), str(tmp_path / "html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    pages = {path.relative_to(tmp_path / "html").with_suffix(".md") for path in (tmp_path / "html").rglob("*.html")}
    assert {Path(name(page)) for page in PAGES} <= pages
    for page in (tmp_path / "html").rglob("*.html"):
        for source in re.findall(r'<img [^>]*?src="([^"]+)"', page.read_text()):
            assert (page.parent / source).is_file(), f"{page.name} shows {source}, which is not there"


def test_every_question_of_the_how_to_pages_has_a_report_made_by_gradviz():
    questions = [page for page in (DOCS / "how-to").glob("*.md") if page.stem not in ("index", "frameworks", "tests")]
    assert len(questions) == 10
    assert all("```{gradviz}" in page.read_text() for page in questions)
    listed = re.search(r"```\{toctree\}\n(.*?)```", (DOCS / "how-to" / "index.md").read_text(), re.DOTALL)[1].split()
    assert sorted(listed) == sorted(["frameworks", "tests", *(page.stem for page in questions)])


def test_the_reference_names_every_kind_of_cut_and_every_word():
    from gradviz.graph import CutKind, Verdict

    words = (DOCS / "reference" / "words.md").read_text()
    assert set(CutKind) <= set(re.findall(r"`(\w+)`", words))
    assert set(Verdict) <= set(re.findall(r"^\| (\w+) \|", words, re.MULTILINE))


if __name__ == "__main__":
    for page in PAGES:
        with a_folder_with_the_examples():
            new = CONSOLE.sub(lambda match: replay(match[0]), page.read_text())
        if new != page.read_text():
            page.write_text(new)
            print(f"wrote {name(page)}")
