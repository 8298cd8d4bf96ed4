import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from gradviz.version import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy so that the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(
        ROOT / "viz", folder / "viz", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder / "dist"),
        str(folder),
    ]
    subprocess.run(build, check=True, capture_output=True)
    return next((folder / "dist").glob("*.whl"))


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {name.removeprefix("gradviz/") for name in names if name.startswith("gradviz/")}
    sources = {
        str(path.relative_to(ROOT / "viz/gradviz")) for path in (ROOT / "viz/gradviz").rglob("*.py")
    }
    page = ROOT / "viz/gradviz/render/page"
    pages = {str(path.relative_to(ROOT / "viz/gradviz")) for path in page.rglob("*.*")}
    assert {"render/page/page.html", "render/page/style.css", "render/page/app/main.js"} <= pages
    assert inside == sources | pages | {"py.typed"}
    assert {name.split("/")[0] for name in names} == {
        "gradviz",
        f"torch_gradviz-{__version__}.dist-info",
    }


def test_installed_from_the_wheel_the_example_runs_in_an_empty_folder(wheel, tmp_path):
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [str(site / "bin" / "gradviz"), "example", "--mode", "detach"]
    done = subprocess.run(
        command, cwd=empty, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "gradviz: wrote article-detach.svg\n"
    assert str(site / "gradviz" / "article.py") in done.stdout
    assert [str(path.relative_to(empty)) for path in sorted(empty.rglob("*.*"))] == [
        "article-detach.svg"
    ]


def test_torch_is_pinned_for_the_checkout_and_a_range_for_the_package():
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text().splitlines()
    assert "torch>=2.6" in PROJECT["dependencies"]


# They run inside of these, which are there then.
FRONT_ENDS = {
    "pytest_plugin.py": {"pytest"},
    "sphinx_ext.py": {"sphinx", "docutils"},
    "mkdocs_plugin.py": {"mkdocs"},
    "lightning.py": {"lightning"},
    "huggingface.py": {"transformers"},
    "logged.py": {"wandb", "PIL"},
}


def test_every_package_that_is_imported_is_required():
    required = {
        re.split(r"[^\w-]", requirement)[0].replace("-", "_")
        for requirement in PROJECT["dependencies"]
    }
    for path in (ROOT / "viz/gradviz").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        imported = {
            alias.name.split(".")[0]
            for node in nodes
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        imported |= {
            node.module.split(".")[0]
            for node in nodes
            if isinstance(node, ast.ImportFrom) and node.module
        }
        assert imported - sys.stdlib_module_names - {"gradviz"} <= required | FRONT_ENDS.get(
            path.name, set()
        ), path


def test_what_torchviz_needs_from_python_3_12_on_is_required():
    assert any(re.match(r"setuptools\b", requirement) for requirement in PROJECT["dependencies"])


def test_no_file_of_the_project_names_a_registry_host():
    files = [
        ROOT / name
        for name in ("pyproject.toml", "setup.cfg", "constraints.txt", "Makefile", ".ci/run")
    ]
    assert not [
        file.name
        for file in files
        if re.search(r"https?://|index-url|find-links", file.read_text())
    ]
