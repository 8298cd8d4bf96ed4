"""Tests mirror the package: a module is tested in the file of its name, in the same place."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "viz" / "gradviz"


def mirrors(module: Path) -> list[Path]:
    """Return where a module may be tested; a room by its name, in it or beside it."""
    room = TESTS / module.relative_to(PACKAGE).parent
    if module.name != "__init__.py":
        return [room / f"test_{module.stem}.py"]
    return [room / f"test_{room.name}.py", room.parent / f"test_{room.name}.py"]


def defines(module: Path) -> bool:
    """Say whether a module has a function or class; one with constants alone has nothing to test."""
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return any(isinstance(node, defined) for node in ast.walk(tree))


def test_every_module_has_a_file_of_tests() -> None:
    modules = [
        module
        for module in PACKAGE.rglob("*.py")
        if (module.parent != PACKAGE or module.stem[0] != "_") and defines(module)
    ]
    assert len(modules) > 300
    assert [
        module.relative_to(PACKAGE).as_posix()
        for module in modules
        if not any(map(Path.is_file, mirrors(module)))
    ] == []


def test_a_module_is_looked_for_in_its_own_place() -> None:
    assert mirrors(PACKAGE / "recording" / "zeros.py") == [TESTS / "recording" / "test_zeros.py"]
    assert TESTS / "test_causes.py" in mirrors(PACKAGE / "causes" / "__init__.py")
