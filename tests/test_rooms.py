"""The order of the rooms.

Who may import whom, held on the package itself, and the proof that the check can fail.
"""

import ast
import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("importlinter", reason="import-linter is not installed")
ROOT = Path(__file__).parents[1]
VIZ = ROOT / "viz"

# Imports inside functions that keep no other package out, and why they are there
LATE = {
    "causes.packages: importlib.metadata": "takes 10 ms, which a help without a report goes without",
    "mending.trial: resource": "Windows has none",
    "running.children: _posixsubprocess": "Windows has none",
    "running.startup.sitecustomize: gradviz.running.process": "a script runs where this fails too",
    "running.startup.sitecustomize: importlib.machinery": "only when the script's folder is back",
    "running.startup.sitecustomize: importlib.util": "only when the script's folder is back",
    "system.lines: fcntl": "Windows has none",
    "system.lines: tempfile": "takes 10 ms, which a script that fits into a pipe goes without",
    "tracing.trace: gradviz.tracing.known_answers": "only for a torch that nobody has tried",
}


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
        VIZ / "gradviz", source / "gradviz", ignore=shutil.ignore_patterns("__pycache__")
    )
    return source


def test_every_floor_stands_on_those_below_it(tmp_path: Path) -> None:
    done = lint(VIZ, tmp_path)
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
            "def later() -> None:\n    from gradviz.recording.backwards.observer import Observer",
            "No two rooms of one floor need each other",
        ),
        (
            "recording/reading/choosers.py",
            "from gradviz.recording.reading import flows",
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
        ".".join(path.relative_to(VIZ).with_suffix("").parts).removesuffix(".__init__")
        for path in (VIZ / "gradviz").rglob("*.py")
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
    environment = {**os.environ, "PYTHONPATH": str(VIZ)}
    command = [sys.executable, "-c", program, *modules]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Imports:
    """What each module of a package imports: as it is loaded, and inside its functions."""

    def __init__(self, viz: Path) -> None:
        trees = {
            ".".join(path.relative_to(viz).with_suffix("").parts).removesuffix(".__init__"): parsed(
                path
            )
            for path in (viz / "gradviz").rglob("*.py")
        }
        self._modules = set(trees)
        self._first = {name: self._names(at_once(tree)) for name, tree in trees.items()}
        self.late = {name: self._names(in_functions(tree)) for name, tree in trees.items()}

    def _names(self, imports: Iterable[ast.Import | ast.ImportFrom]) -> set[str]:
        names = set()
        for node in imports:
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                whole = f"{module}{alias.name}"
                names.add(whole if whole in self._modules or not module else module[:-1])
        return names

    @functools.cache  # noqa: B019
    def loaded(self, name: str) -> frozenset[str]:
        """Return the modules that are loaded with one, and the packages from outside."""
        loaded, waiting = set(), [name]
        while waiting:
            name = waiting.pop()
            if name not in self._modules:
                name = name.partition(".")[0]
            if name not in loaded and name not in sys.stdlib_module_names:
                loaded.add(name)
                waiting += (*self._first.get(name, ()), *filter(None, [name.rpartition(".")[0]]))
        return frozenset(loaded)

    def is_needless(self, name: str, late: str) -> bool:
        """Say whether what a module imports inside a function might as well stand above.

        It has to load a package from outside that the module does without, or, for a command,
        anything that the help does without.
        """
        is_command = name.startswith("gradviz.commands.")
        new = self.loaded(late) - self.loaded(name)
        if is_command:
            return new <= self.loaded("gradviz.cli")
        return new <= self._modules


def at_once(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run as a module is loaded."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pass
        elif not isinstance(node, FUNCTIONS):
            yield from at_once(node)


def in_functions(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run as a function is called."""
    for function in ast.walk(tree):
        if isinstance(function, FUNCTIONS):
            for node in ast.walk(function):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    yield node


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@pytest.fixture(scope="module")
def imports() -> Imports:
    return Imports(VIZ)


def test_an_import_inside_a_function_keeps_another_package_out(imports: Imports) -> None:
    needless = {
        f"{name.removeprefix('gradviz.')}: {late}"
        for name, late_ones in imports.late.items()
        for late in late_ones
        if imports.is_needless(name, late)
    }
    assert needless == set(LATE)


@pytest.mark.parametrize(
    ("module", "late", "is_needless"),
    [
        ("folding.flow", "gradviz.folding.losses", True),
        ("folding.flow", "json", True),
        ("folding.flow", "gradviz.layout.dot", False),
        ("folding.flow", "torch", False),
        ("recording.tape", "torch", True),
        ("commands.check", "gradviz.render.text", False),
        ("commands.check", "gradviz.graph", True),
    ],
)
def test_an_import_that_might_stand_above_is_seen(
    imports: Imports, module: str, late: str, is_needless: bool
) -> None:
    assert imports.is_needless(f"gradviz.{module}", late) is is_needless


def test_imports_for_types_alone_are_none_and_those_in_functions_are_late() -> None:
    tree = ast.parse(
        "if TYPE_CHECKING:\n    import a\ntry:\n    import b\nexcept ImportError:\n    import c\n"
        "class D:\n    import d\n    def e():\n        import e\n"
    )
    assert [node.names[0].name for node in at_once(tree)] == ["b", "c", "d"]
    assert [node.names[0].name for node in in_functions(tree)] == ["e"]
