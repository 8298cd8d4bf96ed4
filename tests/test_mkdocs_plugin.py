"""The MkDocs plugin in real builds of a small project."""

import os
import re
import subprocess
import sys
from html import unescape

import pytest

import warm

pytest.importorskip("mkdocs", reason="needs torch-gradviz[docs]")

INDEX = """\
---
title: Steps
---
# Steps

```gradviz gradviz.article:step mode=detach
```

```gradviz format="text svg" alt="A chosen text."
import torch

model = torch.nn.Linear(2, 1)
loss = model(torch.ones(1, 2)).detach().sum()
```
"""

STEPS = """
import torch

def step(mode="plain"):
    model = torch.nn.Linear(2, 1)
    return model(torch.ones(1, 2)).sum(), model

def wrong():
    raise ValueError("no data")
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "mkdocs.yml").write_text("site_name: p\nplugins: [gradviz]\n")
    (tmp_path / "docs" / "deeper").mkdir(parents=True)
    (tmp_path / "docs" / "index.md").write_text(INDEX)
    (tmp_path / "docs" / "deeper" / "page.md").write_text(
        "# Page\n\n```gradviz steps.py:step\n```\n"
    )
    (tmp_path / "docs" / "deeper" / "steps.py").write_text(STEPS)
    return tmp_path


def build(project):
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict"]
    return subprocess.CompletedProcess(command, *warm.server().run(command, project, os.environ))


def test_a_page_shows_pictures_and_reports(project):
    done = build(project)
    assert (done.returncode, done.stderr) == (0, "")
    page = (project / "site" / "index.html").read_text()
    pictures = re.findall(
        r'<source media="\(prefers-color-scheme: dark\)" srcset="(.*?)"><img alt="(.*?)"'
        r' src="(.*?)">',
        page,
    )
    assert [alt for _, alt, _ in pictures] == [
        "2 of 6 parameters get gradient; detach_() at article.py:59 cuts off f1 and f2.",
        "A chosen text.",
    ]
    for dark, _, light in pictures:
        assert "#f0f6fc" in (project / "site" / dark).read_text()
        assert "#f0f6fc" not in (project / "site" / light).read_text()
    line = INDEX.splitlines().index("loss = model(torch.ones(1, 2)).detach().sum()") + 1
    assert (
        f"Cut by detach() at index.md:{line}\n    loss = model(torch.ones(1, 2)).detach().sum()"
        in unescape(page)
    )


def test_a_page_in_a_folder_finds_a_file_beside_it_and_links_to_the_picture(project):
    build(project)
    folder = project / "site" / "deeper" / "page"
    (source,) = re.findall(
        r'<img alt="All 2 parameters get gradient\." src="(.*?)">',
        (folder / "index.html").read_text(),
    )
    assert (folder / source).resolve().is_file()


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("```gradviz gradviz.article:stepp\n```", "index.md:3: gradviz: no function 'stepp'"),
        ("```gradviz deeper/steps.py:wrong\n```", "index.md:3: gradviz: .*wrong raised ValueError"),
        (
            "```gradviz gradviz.article:step format=bmp\n```",
            r"index.md:3: gradviz: unknown format: 'bmp' \(choose from svg, text\)",
        ),
        ("```gradviz\n```", "index.md:3: gradviz: give either one function"),
        (
            "```gradviz\na = 1\n1 / 0\n```",
            "index.md:3: gradviz: the program raised ZeroDivisionError in line 5",
        ),
    ],
)
def test_an_error_names_the_document_and_the_line_and_stops_the_build(project, block, message):
    (project / "docs" / "index.md").write_text(f"# Title\n\n{block}\n")
    done = build(project)
    assert done.returncode != 0
    assert re.search(message, done.stdout + done.stderr), done.stderr
