"""The line of a program that gives the groups of an optimizer their rate."""

import ast
from functools import lru_cache
from typing import TypeGuard

from gradviz.graph import Place
from gradviz.system.lines import getlines

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@lru_cache(maxsize=128)
def line_of_rate(file: str) -> Place | None:
    """Return the line of a file that gives an optimizer's groups a rate of 0.

    None unless it is the only one that assigns a rate that may be 0, and says 0 or runs whatever
    the others do: of what is computed on a branch it cannot be seen here whether it ran.
    """
    lines = getlines(file)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return None
    assigned = rates_assigned(tree)
    if len(assigned) != 1:
        return None
    (node,) = assigned
    if not isinstance(node.value, ast.Constant) and not runs_always(tree, node):
        return None
    return Place(file, node.lineno, lines[node.lineno - 1].strip())


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
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and name == getattr(node.func, "id", getattr(node.func, "attr", None))
    ]


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
        if (
            isinstance(node, ast.For)
            and _has_groups(node.iter)
            and isinstance(node.target, ast.Name)
        ):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign) and _is_group(node.value):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = functions.get(node.func.id)
            given = zip(node.args, called.args.args if called else (), strict=False)
            names.update(own.arg for value, own in given if _is_group(value))
    return frozenset(names)


def _is_group(value: ast.AST) -> bool:
    return isinstance(value, ast.Subscript) and _has_groups(value.value)


def _has_groups(value: ast.AST) -> bool:
    return isinstance(value, ast.Attribute) and value.attr == "param_groups"


def _may_give_zero(node: ast.AST, groups: frozenset[str]) -> TypeGuard[ast.Assign | ast.AugAssign]:
    """Say whether something is an assignment to a group's rate that may give it 0."""
    if isinstance(node, ast.Assign):
        target = node.targets[0]
    elif isinstance(node, ast.AugAssign):
        target = node.target
    else:
        return False
    if isinstance(node.value, ast.Constant) and node.value.value:
        return False
    if not (
        isinstance(target, ast.Subscript)
        and isinstance(target.slice, ast.Constant)
        and target.slice.value == "lr"
    ):
        return False
    group = target.value
    return (isinstance(group, ast.Name) and group.id in groups) or _is_group(group)
