"""The line of a program that gives the groups of an optimizer their rate."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeGuard

from gradviz.graph import Place
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.programs import lines_with

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@lru_cache(maxsize=128)
def line_of_rate(file: str) -> Place | None:
    """Return the line of a file that gives an optimizer's groups a rate of 0.

    None unless it is the only one that assigns a rate that may be 0, and says 0 or runs whatever
    the others do: of what is computed on a branch it cannot be seen here whether it ran.
    """
    return next(iter(lines_with(_sure, file)), None)


def _sure(tree: ast.Module) -> Iterator[ast.stmt]:
    match rates_assigned(tree):
        case [node] if isinstance(node.value, ast.Constant) or runs_always(tree, node):
            yield node


def runs_always(tree: ast.Module, node: ast.AST) -> bool:
    """Say whether a statement stands on no branch of a program, nor any call that leads to it."""
    parents = {child: other for other in ast.walk(tree) for child in ast.iter_child_nodes(other)}
    waiting, functions = [node], set[ast.AST]()
    while waiting:
        at = waiting.pop()
        while at in parents and not isinstance(at, (ast.If, ast.IfExp, ast.Lambda, *_FUNCTIONS)):
            at = parents[at]
        if at is tree or (isinstance(at, ast.If) and _is_of_main(at) and parents[at] is tree):
            return True
        if isinstance(at, _FUNCTIONS) and at not in functions:
            functions.add(at)
            waiting += _calls(tree, at.name)
    return False


def _is_of_main(node: ast.If) -> bool:
    """Say whether it is ``if __name__ == "__main__"``."""
    return any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test))


def _calls(tree: ast.Module, name: str) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and name_of(node) == name]


def rates_assigned(tree: ast.AST) -> list[ast.Assign | ast.AugAssign]:
    """Return what assigns the rate of an optimizer's group what may be 0."""
    groups = _groups(tree)
    return [node for node in ast.walk(tree) if _may_give_zero(node, groups)]


def _groups(tree: ast.AST) -> frozenset[str]:
    """Return the names that an optimizer's groups go by: of a loop, an assignment, or what a
    function is given.
    """
    names: set[str] = set()
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        match node:
            case ast.For(target=ast.Name(id=name), iter=ast.Attribute(attr="param_groups")):
                names.add(name)
            case ast.Assign(targets=targets, value=value) if _is_group(value):
                names.update(target.id for target in targets if isinstance(target, ast.Name))
            case ast.Call(func=ast.Name(id=name), args=args) if name in functions:
                given = zip(args, functions[name].args.args, strict=False)
                names.update(own.arg for value, own in given if _is_group(value))
    return frozenset(names)


def _is_group(value: ast.AST) -> bool:
    match value:
        case ast.Subscript(value=ast.Attribute(attr="param_groups")):
            return True
    return False


def _may_give_zero(node: ast.AST, groups: frozenset[str]) -> TypeGuard[ast.Assign | ast.AugAssign]:
    """Say whether something is an assignment to a group's rate that may give it 0."""
    match node:
        case (
            ast.Assign(targets=[ast.Subscript(group, ast.Constant("lr")), *_], value=rate)
            | ast.AugAssign(target=ast.Subscript(group, ast.Constant("lr")), value=rate)
        ):
            is_never_zero = isinstance(rate, ast.Constant) and bool(rate.value)
            is_group = group.id in groups if isinstance(group, ast.Name) else _is_group(group)
            return is_group and not is_never_zero
    return False
