"""The documentation.

What its console blocks print, what its programs assert, and that it builds without a warning.

``python tests/test_docs.py`` writes what the console blocks print anew.
"""

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path

import click
import pytest
import torch
from torch import nn

import gradviz
import warm
from gradviz import cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
FILE = re.compile(
    r"^(?P<fence>`{3,})\{code-block\} \w+\n:caption: (?P<name>\S+)\n\n(?P<content>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
PYTHON = re.compile(r"(?<=^```python\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
CI = ("CI", "BUILD_NUMBER")  # with which pytest cuts nothing short: no reader's terminal


def name(page):
    return str(page.relative_to(DOCS))


def run(command):
    """What one command of a console block prints, with the paths of a checkout and no duration."""
    program, *arguments = shlex.split(command)
    # run becomes the script, mend starts a process that imports torch
    if program == "gradviz" and arguments[0] not in ("run", "mend"):
        path, out = list(sys.path), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(io.StringIO()),
            pytest.raises(SystemExit) as stopped,
        ):
            cli.main(arguments)
        assert stopped.value.code in (0, 1), command
        sys.path[:] = path
        printed = out.getvalue()
    else:
        environment = {key: value for key, value in os.environ.items() if key not in CI}
        # pytest rewrites what it imports, and warns of what is there
        is_pytest = program == "pytest"
        start = {
            "gradviz": ["-m", "gradviz"],
            "python": [],
            "pytest": ["-m", "pytest", "-p", "no:cacheprovider"],
        }[program]
        command = [sys.executable, *start, *arguments]
        _, out, _ = warm.server().run(
            command, Path.cwd(), environment, together=True, bare=is_pytest
        )
        printed = re.sub(r"(?<= in )\d+\.\d\ds", "1.23s", out).replace(f"{Path.cwd()}/", "")
    return printed.replace(f"{ROOT}/", "")


def replay(block):
    """A console block with what its commands print now."""
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{run(command)}" for command in commands)


def replayed(page):
    """The text of a page with what its commands print now, in a folder with the files that stand
    before them.
    """
    done, text = 0, ""
    for match in CONSOLE.finditer(page.read_text()):
        before = page.read_text()[done : match.start()]
        for file in FILE.finditer(before):
            Path(file["name"]).parent.mkdir(exist_ok=True)
            Path(file["name"]).write_text(file["content"])
        text += before + replay(match[0])
        done = match.end()
    return text + page.read_text()[done:]


@contextlib.contextmanager
def a_folder_with_the_examples():
    before = Path.cwd(), os.environ.get("COLUMNS")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "examples").symlink_to(ROOT / "examples")
        os.chdir(folder)
        os.environ["COLUMNS"] = "80"  # what a page has room for
        try:
            yield
        finally:
            os.chdir(before[0])
            os.environ.pop("COLUMNS")
            if before[1] is not None:
                os.environ["COLUMNS"] = before[1]


@pytest.mark.usefixtures("warm_processes")
@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```console" in page.read_text()], ids=name
)
def test_every_console_block_shows_what_its_commands_print(page):
    with a_folder_with_the_examples():
        assert replayed(page).splitlines() == page.read_text().splitlines()


def test_a_block_that_shows_something_else_is_found():
    page = DOCS / "how-to" / "lora.md"
    (block,) = CONSOLE.findall(page.read_text())
    with a_folder_with_the_examples():
        assert replay(block.replace("4 frozen", "5 frozen")) == block
        assert replay(block.replace("As expected", "")) == block


def test_every_block_of_code_is_run_by_some_test():
    known = {
        "console",
        "python",
        "{gradviz}",
        "{toctree}",
        "{literalinclude}",
        "{eval-rst}",
        "{code-block}",
    }
    for page in PAGES:
        fences = re.findall(r"^```(\S+)", FILE.sub("", page.read_text()), re.MULTILINE)
        assert set(fences) <= known | ({"text"} if page == FRAMEWORKS else set()), page
        assert len(re.findall(r"^`{3,}\{code-block\}", page.read_text(), re.MULTILINE)) == len(
            FILE.findall(page.read_text())
        ), page
        assert not re.search(
            r"^\n {4}\S",
            re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE),
            re.MULTILINE,
        ), page


# The matrix of ranks in it is held by tests/running/test_ranks.py
FRAMEWORKS = DOCS / "how-to" / "frameworks.md"
TOLD = re.compile(r"^```python\n(.*?)^```\n\n```text\n(gradviz: .*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    ("program", "told"), TOLD.findall(FRAMEWORKS.read_text()), ids=["lightning", "transformers"]
)
def test_what_a_callback_tells_is_what_the_page_shows(tmp_path, program, told):
    (tmp_path / "train.py").write_text(program)
    code, _, err = warm.server().run([sys.executable, "train.py"], tmp_path, os.environ)
    assert code == 0, err
    lines = [
        line for line in err.splitlines() if line.strip() and line.startswith(("gradviz: ", "  "))
    ]
    assert (
        lines[lines.index(next(line for line in lines if line.startswith("gradviz: "))) :]
        == told.splitlines()
    )


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text()], ids=name
)
def test_every_program_of_a_page_runs_and_finds_what_it_asserts(page):
    names = {"__name__": "page"}
    warm.hide_from_the_collector()  # one measures, and has all garbage collected before each run
    for match in PYTHON.finditer(page.read_text()):
        line = page.read_text()[: match.start()].count("\n")
        exec(compile("\n" * line + match[0], str(page), "exec"), names)


def test_every_program_of_the_readme_runs():
    def step():
        model = nn.ModuleDict({"backbone": nn.Linear(3, 2), "head": nn.Linear(2, 1)})
        model.backbone.requires_grad_(False)
        return model.head(model.backbone(torch.ones(1, 3))).sum(), model

    model = nn.Sequential(OrderedDict(f2=nn.Linear(3, 2)))
    names = {"__name__": "readme", "model": model, "batch": torch.ones(1, 3), "step": step}
    # The first is a script, run below
    programs = PYTHON.findall((ROOT / "README.md").read_text())[1:]
    with a_folder_with_the_examples(), contextlib.redirect_stdout(io.StringIO()) as said:
        for program in programs:
            exec(program, names)
        assert Path("graph.svg").is_file()
    names["test_only_the_head_trains"]()
    assert said.getvalue() == "All 2 parameters get gradient.\n\n"


def test_the_readme_shows_what_a_run_of_its_script_tells(tmp_path):
    readme = (ROOT / "README.md").read_text()
    (tmp_path / "train.py").write_text(PYTHON.findall(readme)[0])
    command = [sys.executable, "-m", "gradviz", "run", "train.py"]
    code, out, err = warm.server().run(command, tmp_path, os.environ)
    assert (code, out, len(err.splitlines())) == (0, "", 12)
    assert f"```console\n$ gradviz run train.py\n{err}```" in readme


def test_the_check_that_the_readme_shows_speaks_of_its_script(tmp_path):
    readme = (ROOT / "README.md").read_text()
    script = PYTHON.findall(readme)[0]
    (line,) = re.findall(r"^\$ gradviz (check train\.py .*)", readme, re.MULTILINE)
    command = [sys.executable, "-m", "gradviz", *shlex.split(line, comments=True)]
    for text, exits, said in (
        (script, 1, "net.encoder.* (2 tensors, 144 values): expected reached"),
        (script.replace(".detach()", ""), 0, "As expected: 4 parameters, 4 reached."),
    ):
        (tmp_path / "train.py").write_text(text)
        code, out, err = warm.server().run(command, tmp_path, os.environ, children=True)
        assert (code, err) == (exits, "")
        assert said in out
        assert "matches no parameter" not in out


@pytest.mark.parametrize(
    ("page", "least"),
    [(ROOT / "README.md", 8), (FRAMEWORKS, 3)],
    ids=["README.md", "frameworks.md"],
)
def test_every_command_that_is_only_shown_is_one(page, least):
    lines = re.findall(r"^\$ gradviz (.*)", page.read_text(), re.MULTILINE)
    assert len(lines) >= least
    # Of this, for a command remembers the names of the option for help in its first context
    whole = click.Context(cli.gradviz, **cli.gradviz.context_settings)
    for line in lines:
        name, *arguments = shlex.split(line, comments=True)
        cli.gradviz.commands[name].make_context(name, arguments, parent=whole)


def snippet(page, name):
    (found,) = [
        file["content"] for file in FILE.finditer((DOCS / page).read_text()) if file["name"] == name
    ]
    return found


@pytest.mark.parametrize(
    ("name", "settings", "command", "built"),
    [
        (
            "page.rst",
            {"conf.py": 'root_doc = "page"\nextensions = ["gradviz.sphinx_ext"]\n'},
            "sphinx -q -W . site",
            "page.html",
        ),
        (
            "page.md",
            {"mkdocs.yml": "site_name: p\nplugins: [gradviz]\n"},
            "mkdocs build -q",
            "page/index.html",
        ),
    ],
)
def test_what_is_shown_for_documentation_builds(tmp_path, name, settings, command, built):
    sources = tmp_path / ("docs" if name.endswith(".md") else "")
    sources.mkdir(exist_ok=True)
    title = "# Title\n\n" if name.endswith(".md") else "Title\n=====\n\n"
    (sources / name).write_text(title + snippet("reference/sphinx.md", name))
    for file, content in settings.items():
        (tmp_path / file).write_text(content)
    start = [sys.executable, "-m", *command.split()]
    code, _, err = warm.server().run(start, tmp_path, os.environ)
    assert code == 0, err
    page = (tmp_path / "site" / built).read_text()
    assert 'alt="What it shows' in page
    assert "2 of 6 parameters get gradient." in page


def test_what_is_shown_for_notebooks_runs():
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    shell.run_line_magic("load_ext", "gradviz")
    shell.push({"model": nn.Linear(2, 1), "batch": torch.ones(1, 2)})
    assert (
        str(shell.run_cell(snippet("reference/sphinx.md", "cell")).result)
        == "All 2 parameters get gradient.\n"
    )
    type(shell).clear_instance()


def test_the_documentation_builds_without_a_warning(tmp_path):
    pytest.importorskip("furo", reason="needs torch-gradviz[docs]")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-d",
        str(tmp_path / "trees"),
        str(DOCS),
        str(tmp_path / "html"),
    ]
    code, _, err = warm.server().run(command, ROOT, os.environ)
    assert (code, err) == (0, "")
    pages = {
        path.relative_to(tmp_path / "html").with_suffix(".md")
        for path in (tmp_path / "html").rglob("*.html")
    }
    assert {Path(name(page)) for page in PAGES} <= pages
    for page in (tmp_path / "html").rglob("*.html"):
        for source in re.findall(r'<img [^>]*?src="([^"]+)"', page.read_text()):
            assert (page.parent / source).is_file(), (
                f"{page.name} shows {source}, which is not there"
            )


TOLD_OTHERWISE = (  # by console blocks, programs that assert, and tables
    "run-a-script",
    "cost-of-a-freeze",
    "ci", "coming-from", "does-it-train", "element-0", "errors-of-backward", "frameworks", "how-much-gradient", "mend-a-cut",
    "notebooks", "order-of-calls", "own-cause", "read-the-picture", "size-of-gradients", "tests", "what-it-costs",
)  # fmt: skip


def test_every_question_of_the_how_to_pages_has_its_picture_and_its_report_made_by_gradviz():
    questions = [
        page
        for page in (DOCS / "how-to").glob("*.md")
        if page.stem not in ("index", *TOLD_OTHERWISE)
    ]
    assert len(questions) == 10
    for page in questions:
        formats = " ".join(re.findall(r"^:format: (.*)", page.read_text(), re.MULTILINE)).split()
        assert "svg" in formats, page
        assert {"text", "table"} & set(formats), page
    listed = re.search(
        r"```\{toctree\}\n(.*?)```", (DOCS / "how-to" / "index.md").read_text(), re.DOTALL
    )[1].split()
    assert sorted(listed) == sorted([*TOLD_OTHERWISE, *(page.stem for page in questions)])


def test_the_reference_has_the_help_of_every_command():
    page = (DOCS / "reference" / "command-line.md").read_text()
    for command in cli.gradviz.commands:
        assert f"\n| `gradviz {command}` |" in page
        assert f"\n$ gradviz {command} --help\nUsage: gradviz {command} " in page


def test_the_reference_of_python_has_every_public_name():
    page = (DOCS / "reference" / "python.md").read_text()
    assert [name for name in gradviz.__all__ if f"gradviz.{name}" not in page] == []


def test_the_reference_names_every_kind_of_cut_and_every_word():
    from gradviz.graph import CutKind, Verdict

    words = (DOCS / "reference" / "words.md").read_text()
    assert set(CutKind) <= set(re.findall(r"`(\w+)`", words))
    of_steps = {"loss", "trains", "optimized", "alarm", "constant term", "uncertain"}
    assert {*Verdict, *of_steps} <= set(re.findall(r"^\| ([\w ]+) \|", words, re.MULTILINE))


def test_the_bounds_of_the_page_on_costs_are_those_of_the_benchmarks():
    page = (DOCS / "how-to" / "what-it-costs.md").read_text()
    listed = (ROOT / "benchmarks" / "README.md").read_text()
    rows = re.findall(r"\| `(\w+\.py)` \| ([^|]*) \|", page)
    assert len(rows) == 5
    for script, bound in rows:
        (own,) = re.findall(rf"^\| `{script}` \|.*\| ([^|]*) \|$", listed, re.MULTILINE)
        assert {*re.findall(r"[\d.]+", bound)} <= {*re.findall(r"[\d.]+", own)}, script


if __name__ == "__main__":
    for page in PAGES:
        with a_folder_with_the_examples():
            new = replayed(page)
        if new != page.read_text():
            page.write_text(new)
            print(f"wrote {name(page)}")
