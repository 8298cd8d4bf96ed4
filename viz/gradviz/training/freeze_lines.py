"""The line of a program that freezes parameters, where nobody saw it run."""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache

from gradviz.graph import Place
from gradviz.recording.reading import where
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.programs import Found, lines_with

_SETTER = "requires_grad"
_METHOD = "requires_grad_"


def freezing_line(files: Iterable[str], earlier: Iterable[Place | None]) -> Place | None:
    """Return the only line of some files that may freeze parameters; None where there are several,
    or it froze others ``earlier``.
    """
    lines = [line for file in files for line in lines_that_freeze(file)]
    taken = {(place.file, place.line) for place in earlier if place is not None}
    return lines[0] if len(lines) == 1 and (lines[0].file, lines[0].line) not in taken else None


def files_of_user(*others: str) -> frozenset[str]:
    """Return the files of the user's modules, and of others those that are the user's."""
    files = {where.file_of(module) for module in [*sys.modules.values()]}
    return frozenset(file for file in files.union(others) if where.level(file) == where.USER)


@lru_cache(maxsize=512)
def lines_that_freeze(file: str) -> tuple[Place, ...]:
    """Return the lines of a file that may set requires_grad to False, or call something that is
    named so and is not defined there.
    """
    return lines_with(_freezing, file, (_SETTER, "freeze"))


def _freezing(tree: ast.Module) -> Iterator[Found]:
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets = [target for target in node.targets if isinstance(target, ast.Attribute)]
            if any(target.attr == _SETTER for target in targets) and not _is_true(node.value):
                yield node
        elif isinstance(node, ast.Call) and _calls(node, defined):
            yield node


def _calls(node: ast.Call, defined: set[str]) -> bool:
    name = name_of(node)
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    if name == _METHOD:
        return bool(given) and not _is_true(given[0])
    if name == "setattr":
        return any(isinstance(own, ast.Constant) and own.value == _SETTER for own in given)
    lower, owner = name.lower(), getattr(getattr(node.func, "value", None), "id", None)
    names_it = "freeze" in lower and "unfreeze" not in lower and name not in defined
    return names_it and owner != "gc" and (bool(given) or isinstance(node.func, ast.Attribute))


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True
