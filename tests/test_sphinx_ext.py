"""The Sphinx extension in real builds of a small project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import warm

pytest.importorskip("sphinx", reason="needs torch-gradviz[docs]")

STEPS = """
import torch

def step(mode="plain"):
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    h = model[0](torch.ones(1, 2))
    if mode == "detach":
        h = h.detach()
    return model[1](h).sum(), model

def wrong():
    raise ValueError("no data")
"""

INDEX = """
Title
=====

.. gradviz:: gradviz.article:step
   :mode: detach
   :caption: What *detach* prunes.

.. gradviz:: steps.py:step
   :alt: A chosen text.

.. gradviz::
   :format: text svg

   import torch
   model = torch.nn.Linear(2, 1)
   h = model(torch.ones(1, 2))
   loss = h.detach().sum()

.. toctree::

   one
   two
"""


@pytest.fixture
def project(tmp_path):
    """A project with three documents, and ways to build it."""
    (tmp_path / "conf.py").write_text(
        'project = "p"\nextensions = ["gradviz.sphinx_ext"]\ngradviz_engine = "embedded"\n'
    )
    (tmp_path / "steps.py").write_text(STEPS)
    (tmp_path / "index.rst").write_text(INDEX)
    for name in ("one", "two"):
        (tmp_path / f"{name}.rst").write_text(
            f"{name}\n===\n\n.. gradviz:: gradviz.article:step\n   :mode: detach\n"
        )
    return tmp_path


def build(project, builder, *options, path=None, check=True):
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-b",
        builder,
        *options,
        str(project),
        str(project / "_build" / builder),
    ]
    environment = os.environ if path is None else {"PATH": path, "HOME": str(project)}
    code, out, err = warm.server().run(command, Path.cwd(), environment)
    if check:
        assert (code, err) == (0, "")
    return project / "_build" / builder, subprocess.CompletedProcess(command, code, out, err)


def images(page):
    return re.findall(r"<img [^>]*?>", page)


def attribute(tag, name):
    return re.search(rf'{name}="(.*?)"', tag)[1]


def test_html_shows_the_picture_in_both_schemes_with_the_verdicts_as_alternative_text(project):
    out, _ = build(project, "html", "-W", "-j", "2")
    page = (out / "index.html").read_text()
    first, dark, chosen, *_ = images(page)
    assert attribute(first, "class") == "gradviz gradviz-light"
    assert attribute(dark, "class") == "gradviz gradviz-dark"
    assert (
        attribute(first, "alt")
        == "2 of 6 parameters get gradient; detach_() at article.py:59 cuts off f1 and f2."
    )
    assert attribute(chosen, "alt") == "A chosen text."
    assert "What <em>detach</em> prunes." in page
    for tag in images(page):
        assert "</svg>" in (out / attribute(tag, "src")).read_text()
    light, dark = ((out / attribute(tag, "src")).read_text() for tag in (first, dark))
    assert "prefers-color-scheme" not in light + dark
    assert "#f0f6fc" not in light
    assert "#f0f6fc" in dark
    assert "gradviz-dark" in (out / "_static" / "gradviz.css").read_text()
    assert "gradviz.css" in page


def test_a_name_follows_from_the_content_so_that_pages_and_builds_share_pictures(project):
    out, _ = build(project, "html", "-W", "-j", "2")
    names = [
        {Path(attribute(tag, "src")).name for tag in images((out / f"{page}.html").read_text())}
        for page in ("index", "one", "two")
    ]
    assert names[1] == names[2]
    assert names[1] < names[0]
    assert all(re.fullmatch(r"[0-9a-f]{16}\.svg", name) for name in names[0])
    shutil.rmtree(out)
    again, _ = build(project, "html", "-W", "-E")
    assert {path.name for path in (again / "_images").iterdir()} == names[0]


def test_a_program_is_shown_and_its_lines_are_those_of_the_document(project):
    out, _ = build(project, "text", "-W")
    text = (out / "index.txt").read_text()
    assert "loss = h.detach().sum()" in text
    line = next(number for number, line in enumerate(INDEX.splitlines(), 1) if "h.detach()" in line)
    assert f"Cut by detach() at index.rst:{line}\n" in text
    # Once as asked for, once in place of the picture
    assert text.count("None of 2 parameters gets gradient.") == 2


def test_the_lines_of_a_program_are_those_of_a_markdown_document_too(project):
    pytest.importorskip("myst_parser")
    with (project / "conf.py").open("a") as conf:
        conf.write('extensions.append("myst_parser")\n')
    lines = [
        "# Two",
        "",
        "Text.",
        "",
        "```{gradviz}",
        ":format: text",
        "",
        "import torch",
        "",
        "model = torch.nn.Linear(2, 1)",
    ]
    lines += ["loss = model(torch.ones(1, 2)).detach().sum()", "```", ""]
    (project / "two.rst").unlink()
    (project / "two.md").write_text("\n".join(lines))
    text = (build(project, "text", "-W")[0] / "two.txt").read_text()
    assert "Cut by detach() at two.md:11\n" in text


def test_a_table_has_a_column_for_each_loss_and_a_row_for_what_shares_its_verdicts(project):
    (project / "steps.py").write_text("""
import torch

def losses():
    model = torch.nn.ModuleDict({name: torch.nn.Linear(1, 1) for name in ("body", "head")})
    h = model.body(torch.ones(1, 1))
    return {"task": model.head(h).sum(), "norm": h.square().sum()}, model
""")
    (project / "index.rst").write_text(
        "T\n=\n\n.. gradviz:: steps.py:losses\n   :format: table\n\n.. toctree::\n\n   one\n  "
        " two\n"
    )
    text = (build(project, "text", "-W")[0] / "index.txt").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    assert [row for row in rows if not set("".join(row)) <= {"=", "-", "+"}] == [
        ["parameter", "task", "norm"],
        ["body.* (2 tensors, 2 values)", "reached", "reached"],
        ["head.* (2 tensors, 2 values)", "reached", "unused"],
    ]


def test_what_differs_from_another_step_is_shown_as_picture_and_text(project):
    block = (
        ".. gradviz:: steps.py:step\n   :mode: detach\n   :before: steps.py:before\n   :format:"
        " text svg\n"
    )
    (project / "steps.py").write_text(STEPS + "\ndef before(mode):\n    return step()\n")
    (project / "index.rst").write_text(f"Title\n=====\n\n{block}")
    for name in ("one", "two"):
        (project / f"{name}.rst").unlink()
    page = (build(project, "html", "-W")[0] / "index.html").read_text()
    light, _ = images(page)
    assert attribute(light, "alt") == "0 was reached and is cut; detach() at steps.py:8 came."
    assert ">was reached<" in (project / "_build" / "html" / attribute(light, "src")).read_text()
    assert "reached -&gt; cut" in page
    (project / "index.rst").write_text(f"Title\n=====\n\n{block}   :depth: 0\n")
    light, _ = images((build(project, "html", "-W")[0] / "index.html").read_text())
    assert ">2 were reached<" in (project / "_build" / "html" / attribute(light, "src")).read_text()


def test_the_code_can_be_hidden(project):
    (project / "index.rst").write_text(
        INDEX.replace(":format: text svg", ":hide-code:\n   :format: text")
    )
    text = (build(project, "text", "-W")[0] / "index.txt").read_text()
    assert "import torch" not in text
    assert "loss = h.detach().sum()" in text  # the line that the report quotes


@pytest.mark.skipif(not shutil.which("dot"), reason="needs dot")
def test_latex_shows_a_pdf(project):
    out, _ = build(project, "latex", "-W")
    text = (out / "p.tex").read_text()
    names = re.findall(r"\\sphinxincludegraphics.*?\{\{?([0-9a-f]{16})\}?\.pdf\}", text)
    assert len(names) == 5
    assert all((out / f"{name}.pdf").read_bytes().startswith(b"%PDF") for name in names)
    assert r"\caption{What \sphinxstyleemphasis{detach} prunes.}" in text


def test_latex_without_dot_shows_the_report_as_text(project):
    out, _ = build(project, "latex", "-W", path="")
    text = (out / "p.tex").read_text()
    assert r"\sphinxincludegraphics" not in text
    assert text.count("2 of 6 parameters get gradient.") == 3


def test_a_changed_step_is_traced_again(project):
    build(project, "text")
    (project / "steps.py").write_text(STEPS.replace('mode="plain"', 'mode="detach"'))
    text = (build(project, "text", "-W")[0] / "index.txt").read_text()
    assert (
        "Cut by detach() at"
        in text.partition("import torch")[0].partition("f2.* (2 tensors, 9 values)")[2]
    )


ERRORS = [
    (".. gradviz:: gradviz.article:stepp", "gradviz: no function 'stepp' in 'gradviz.article'"),
    (".. gradviz:: steps.py:wrong", "gradviz: .*steps.py:wrong raised ValueError"),
    (
        ".. gradviz:: steps.py:step\n   :format: svg bmp",
        "unknown format: 'bmp' \\(choose from svg, text, table\\)",
    ),
    (".. gradviz::", "gradviz: give either a function, .* or a program below"),
    (".. gradviz::\n\n   model = 3", "gradviz: the program leaves no loss"),
    (
        ".. gradviz::\n\n   a = 1\n   1 / 0",
        "gradviz: the program raised ZeroDivisionError in line 7",
    ),
    (".. gradviz::\n\n   a = 1\n   b = (", "gradviz: the program raised SyntaxError in line 7"),
    (".. gradviz::\n   :mode: x\n\n   loss = 3", "gradviz: :mode: is handed to a function"),
]


def test_an_error_points_to_the_line_of_the_directive(project):
    for number, (directive, _) in enumerate(ERRORS):
        (project / f"page{number}.rst").write_text(f"Title\n=====\n\n{directive}\n")
    _, done = build(project, "text", check=False)
    for number, (_, message) in enumerate(ERRORS):
        place = re.escape(f"{project / f'page{number}.rst'}:4: ")
        assert re.search(rf"{place}ERROR: (?s:.{{0,200}}?){message}", done.stderr), (
            message,
            done.stderr,
        )
