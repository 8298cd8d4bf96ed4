"""The line of a program that steps by hand into a new tensor, which nothing keeps."""

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from gradviz.graph import Place
from gradviz.system.lines import getlines

_GIVES = ("parameters", "named_parameters")
_Loop = ast.For | ast.AsyncFor


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
    lines = getlines(file)
    text = "".join(lines)
    if ".grad" not in text:
        return ()
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ()
    loops = [node for node in ast.walk(tree) if isinstance(node, _Loop) and _is_over_all(node)]
    numbers = dict.fromkeys(own.lineno for loop in loops for own in _rebinding(loop))
    return tuple(Place(file, number, lines[number - 1].strip()) for number in numbers)


def _is_over_all(loop: _Loop) -> bool:
    calls = (node for node in ast.walk(loop.iter) if isinstance(node, ast.Call))
    return any(getattr(call.func, "attr", None) in _GIVES for call in calls)


def _rebinding(loop: _Loop) -> Iterator[ast.Assign]:
    names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    for node in ast.walk(loop):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target = node.targets[0]
        if not isinstance(target, ast.Name) or target.id not in names:
            continue
        reads = {(own.lineno, own.col_offset) for own in _reads(loop, target.id)}
        own = {(read.lineno, read.col_offset) for read in _reads(node.value, target.id)}
        is_last = max(reads) in own
        if is_last and any(_is_gradient(part, target.id) for part in ast.walk(node.value)):
            yield node


def _reads(within: ast.AST, name: str) -> Iterator[ast.Name]:
    for node in ast.walk(within):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield node


def _is_gradient(node: ast.AST, name: str) -> bool:
    """Say whether a node reads the ``.grad`` of a name."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "grad"
        and isinstance(node.value, ast.Name)
        and node.value.id == name
    )
