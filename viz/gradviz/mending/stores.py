"""Whether a value is put into a store that keeps the past, and is read from there as data.

A replay buffer, an image pool, a bank of features, a queue of keys: a list, a deque or a buffer
that lives longer than the function that fills it, and whose size is limited, so that the steps to
come overwrite it. What lies there is of earlier weights, and carries no gradient on purpose.
"""

import ast
from collections.abc import Iterator, Sequence

from gradviz.mending.edit import head, last_name, name_of
from gradviz.mending.source import SourceFile

_FILLS = frozenset(("append", "appendleft", "extend", "insert", "put"))
_DROPS = frozenset(("pop", "popleft", "popitem", "sample", "choice", "choices", "randint"))
_DEEP = 3  # assignments between the line and the store


def is_stored(line: int, source: SourceFile) -> bool:
    """Say whether what a line makes goes into a store of limited size."""
    statement = source.statement_at(line)
    if statement is None:
        return False
    function = source.function_of(statement)
    return any(
        _outlives(store, place) and _is_limited(store, source)
        for store, place in _stores(statement, function, source)
    )


def _stores(
    statement: ast.stmt, function: ast.AST, source: SourceFile
) -> Iterator[tuple[ast.expr, ast.AST]]:
    """Yield the containers that a statement fills, or that what it makes is put into, each with the
    function that fills it: this one, or another of the file that is called.
    """
    names: set[str] = set()
    statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    for _ in range(_DEEP):
        for other in statements:
            if other is not statement and not names & _read(other):
                continue
            yield from ((store, function) for store in _filled(other))
            names |= _made(other)
            called = {last_name(node) for node in head(other) if isinstance(node, ast.Call)}
            for place in ast.walk(source.tree):
                if isinstance(place, ast.FunctionDef) and place.name in called - {"forward"}:
                    yield from ((store, place) for part in place.body for store in _filled(part))


def _read(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in head(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _made(statement: ast.stmt) -> set[str]:
    """Return the variables that a statement, or the head of a loop, assigns to."""
    return {
        node.id
        for node in head(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _filled(statement: ast.stmt) -> Iterator[ast.expr]:
    for node in head(statement):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _FILLS
        ):
            yield node.func.value
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            yield node.value


def _outlives(store: ast.expr, function: ast.AST) -> bool:
    """Say whether a container is there when the function is not: an attribute, or a variable that
    the function does not make.
    """
    if isinstance(store, ast.Attribute):
        return True
    return isinstance(store, ast.Name) and not any(
        isinstance(node, ast.Name) and node.id == store.id and isinstance(node.ctx, ast.Store)
        for node in ast.walk(function)
    )


def _is_limited(store: ast.expr, source: SourceFile) -> bool:
    """Say whether old entries of a container go: its length is compared, a part of it is kept or
    drawn, or its index goes round.
    """
    name = last_name(store)
    moved = {  # what is assigned to
        node.attr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    return any(_limits(node, name, moved) for node in ast.walk(source.tree))


def _limits(node: ast.AST, name: str, moved: set[str]) -> bool:
    if isinstance(node, ast.Call):
        if last_name(node) in _DROPS and isinstance(node.func, ast.Attribute):
            return name in (last_name(node.func.value), *map(last_name, node.args))
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(last_name(target) == name for target in targets):
            return _keeps_some(node.value, name)
    if isinstance(node, ast.Compare):
        return _bounds_length((node.left, *node.comparators), name)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):  # a ring
        return last_name(node.value) == name and any(
            isinstance(part, ast.Attribute) and part.attr in moved for part in ast.walk(node.slice)
        )
    if isinstance(node, ast.Delete):
        return any(
            isinstance(target, ast.Subscript) and last_name(target.value) == name
            for target in node.targets
        )
    return False


def _bounds_length(sides: Sequence[ast.expr], name: str) -> bool:
    """Say whether a length is compared with a bound, and not with 0 or 1, which ask for less."""
    if any(isinstance(side, ast.Constant) and side.value in (0, 1) for side in sides):
        return False
    return any(_is_length(side, name) for side in sides)


def _keeps_some(value: ast.expr, name: str) -> bool:
    """Say whether a container is made with a limit, or of a part of what it was."""
    if name_of(value).endswith("deque") and isinstance(value, ast.Call):
        return len(value.args) > 1 or any(word.arg == "maxlen" for word in value.keywords)
    return (
        isinstance(value, ast.Subscript)
        and isinstance(value.slice, ast.Slice)
        and last_name(value.value) == name
    )


def _is_length(node: ast.expr, name: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and name_of(node) == "len"
        and len(node.args) == 1
        and last_name(node.args[0]) == name
    )
