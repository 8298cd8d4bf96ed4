"""Tests mirror the package: a module is tested in the file of its name, in the same place."""

from pathlib import Path

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "viz" / "gradviz"
WITHOUT = 13  # modules at most: rooms that say only what they are for, and a version


def mirrors(module: Path) -> list[Path]:
    """Return where a module may be tested; a room by its name, in it or beside it."""
    room = TESTS / module.relative_to(PACKAGE).parent
    if module.name != "__init__.py":
        return [room / f"test_{module.stem}.py"]
    return [room / f"test_{room.name}.py", room.parent / f"test_{room.name}.py"]


def test_most_modules_have_a_file_of_tests() -> None:
    modules = [
        module
        for module in PACKAGE.rglob("*.py")
        if module.parent != PACKAGE or module.stem[0] != "_"
    ]
    without = [
        module.relative_to(PACKAGE).as_posix()
        for module in modules
        if not any(map(Path.is_file, mirrors(module)))
    ]
    assert len(modules) > 300
    assert len(without) <= WITHOUT, sorted(without)


def test_a_module_is_looked_for_in_its_own_place() -> None:
    assert mirrors(PACKAGE / "recording" / "zeros.py") == [TESTS / "recording" / "test_zeros.py"]
    assert TESTS / "test_causes.py" in mirrors(PACKAGE / "causes" / "__init__.py")
