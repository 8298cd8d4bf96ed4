"""Where a variable or an attribute was given something else after an optimizer was made."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from gradviz.graph import Place
from gradviz.recording.reading.sources import source_of
from gradviz.recording.reading.where import Spot
from gradviz.running.variables import local_variables
from gradviz.system.lines import getline

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class _LoopLine:
    """A line of a file, with the first line of the function and of the loops around it.

    That of a module is 0.
    """

    file: str
    number: int
    function: int = 0
    loops: frozenset[int] = frozenset()


def assigned_anew(
    name: str, value: Any, frame: FrameType | None, made: Spot | None
) -> Place | None:
    """Return the line that gave a name to what it stands for now.

    It is told by the source: of all lines that assign to the name, the only one that does not
    come before the optimizer in the same function. None where there are several, or none.

    Args:
        name: ``model``, ``trainer.model``.
        value: What it stands for.
        frame: As seen from here.
        made: The line that made the optimizer, when the name stood for something else.
    """
    owner, _, own = name.rpartition(".")
    if not own.isidentifier() or made is None or made.code is None:
        return None
    optimizer = made.calling_place or made.place
    if optimizer is None:
        return None
    scope = None if owner else _scope(name, value, frame)
    if scope is None and not owner:
        return None
    files = [scope[0]] if scope else dict.fromkeys((_main_file(), optimizer.file))
    lines = [line for file in files if file for line in _lines(file)]
    at = next((line for line in _every_line(optimizer.file) if line.number == optimizer.line), None)
    stores = {
        line: None
        for line, target in lines
        if _binds(target, own, is_attribute=bool(owner))
        and (scope is None or line.function == scope[1])
        and not (at is not None and _is_before(line, at))
    }
    if len(stores) != 1:
        return None
    chosen = next(iter(stores))
    return Place(chosen.file, chosen.number, getline(chosen.file, chosen.number).strip())


def _is_before(line: _LoopLine, optimizer: _LoopLine) -> bool:
    """Say whether a line has run for the last time when the optimizer of its function is made."""
    return (
        (line.file, line.function) == (optimizer.file, optimizer.function)
        and line.number < optimizer.number
        and not line.loops & optimizer.loops
    )


def _binds(target: ast.expr, name: str, *, is_attribute: bool) -> bool:
    if is_attribute:
        return isinstance(target, ast.Attribute) and target.attr == name
    return isinstance(target, ast.Name) and target.id == name


def _scope(name: str, value: Any, frame: FrameType | None) -> tuple[str, int] | None:
    """Return the file, and the first line of the function, in which a variable holds a value."""
    main = sys.modules.get("__main__")
    file = _main_file()
    if file and vars(main).get(name) is value:
        return file, 0
    while frame is not None:
        if any(own == name and held is value for own, held in local_variables(frame)):
            code = frame.f_code
            return code.co_filename, 0 if code.co_name == "<module>" else code.co_firstlineno
        frame = frame.f_back
    return None


def _main_file() -> str:
    return str(getattr(sys.modules.get("__main__"), "__file__", None) or "")


def _every_line(file: str) -> Iterator[_LoopLine]:
    for line, _ in _lines(file, every=True):
        yield line


def _lines(file: str, *, every: bool = False) -> Iterator[tuple[_LoopLine, ast.expr]]:
    """Yield the targets of assignments in a file; with ``every``, all expressions."""
    source = source_of(file)
    stack: list[tuple[ast.AST, int, frozenset[int]]] = (
        [] if source is None else [(source.tree, 0, frozenset())]
    )
    while stack:
        node, function, loops = stack.pop()
        if isinstance(node, _FUNCTIONS):
            decorators = getattr(node, "decorator_list", ())
            function = min([node.lineno, *(decorator.lineno for decorator in decorators)])
            loops = frozenset()
        elif isinstance(node, _LOOPS):
            loops |= {node.lineno}
        is_target = isinstance(getattr(node, "ctx", None), ast.Store)
        if isinstance(node, ast.expr) and (every or is_target):
            yield _LoopLine(file, node.lineno, function, loops), node
        stack += [(child, function, loops) for child in ast.iter_child_nodes(node)]
