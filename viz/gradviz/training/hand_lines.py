"""The line of a program that steps by hand into a new tensor, which nothing keeps."""

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from gradviz.graph import Place
from gradviz.recording.reading.programs import lines_with


def discarding_line(files: Iterable[str]) -> Place | None:
    """Return the only line of some files that computes a parameter's step by hand and gives its
    name to the result; None where there are several.
    """
    lines = [line for file in files for line in discarding_lines(file)]
    return lines[0] if len(lines) == 1 else None


@lru_cache(maxsize=512)
def discarding_lines(file: str) -> tuple[Place, ...]:
    """Return the lines of a file that rebind the name in a loop over parameters() to what is
    computed of its .grad and is read no more.
    """
    return lines_with(_discarding, file, (".grad",))


def _discarding(tree: ast.Module) -> Iterator[ast.Assign]:
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For | ast.AsyncFor) and any(map(_gives_all, ast.walk(loop.iter))):
            yield from _rebinding(loop)


def _gives_all(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="parameters" | "named_parameters")):
            return True
    return False


def _rebinding(loop: ast.For | ast.AsyncFor) -> Iterator[ast.Assign]:
    names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    for node in ast.walk(loop):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names:
                is_step = any(_is_gradient(part, name) for part in ast.walk(value))
                if is_step and max(_reads(loop, name)) in _reads(value, name):
                    yield node


def _reads(within: ast.AST, name: str) -> set[tuple[int, int]]:
    """Return where a name is read."""
    return {
        (node.lineno, node.col_offset)
        for node in ast.walk(within)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    }


def _is_gradient(node: ast.AST, name: str) -> bool:
    """Say whether a node reads the ``.grad`` of a name."""
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr="grad"):
            return owner == name
    return False
