"""The line of a program that steps into a new tensor, which nothing keeps."""

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from gradviz.graph import Place
from gradviz.recording.reading.programs import lines_with

_MAKES_NEW = frozenset("add sub mul div lerp addcmul addcdiv clone".split())


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


def line_of_write(place: Place | None) -> Place | None:
    """Return the line that wrote into a copy of a parameter; but where a line before it, in the
    innermost loop around it, gives the loop's own variable to what is computed of that, this.
    """
    lines = _rebound_before(place.file, place.line) if place is not None else ()
    return lines[0] if lines else place


@lru_cache(maxsize=512)
def _rebound_before(file: str, line: int) -> tuple[Place, ...]:
    def find(tree: ast.Module) -> Iterator[ast.Assign]:
        loops = [
            loop
            for loop in ast.walk(tree)
            if isinstance(loop, ast.For) and loop.lineno <= line <= (loop.end_lineno or 0)
        ]
        for loop in loops[-1:]:
            names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
            written = {name for node in ast.walk(loop) for name in _written(node, line)}
            for node in ast.walk(loop):
                match node:
                    case ast.Assign(targets=[ast.Name(id=name)], value=value, lineno=own):
                        if own < line and name in names & written and _is_new(value, name):
                            yield node

    return lines_with(find, file)


def _is_new(value: ast.expr, name: str) -> bool:
    """Say whether a value is a new tensor that is computed of what a name stands for."""
    match value:
        case ast.BinOp():
            return bool(_reads(value, name))
        case ast.Call(func=ast.Attribute(attr=attr)):
            return attr in _MAKES_NEW and bool(_reads(value, name))
    return False


def _written(node: ast.AST, line: int) -> Iterator[str]:
    """Yield the name that a call at a line writes into in place: ``p.add_(...)``."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), lineno=own):
            if own == line and attr.endswith("_") and not attr.endswith("__"):
                yield name


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
