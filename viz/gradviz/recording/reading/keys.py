"""Keys that a function is called with: ``put("loss", v)`` fills another element than ``get("lr")``
reads.
"""

import ast

from gradviz.recording.reading.call_arguments import arguments_for
from gradviz.recording.reading.definitions import Environment, Scope
from gradviz.recording.reading.expressions import Path, path_of
from gradviz.recording.reading.parts import is_open, may_be_same, name_of, part_at

Keys = tuple[tuple[Scope, str, str], ...]
"""Functions, parameters of theirs, and what these are as parts: ``['loss']``."""


def calls_with_keys(value: ast.AST) -> dict[Path, ast.Call]:
    """Return the calls in an expression that are given a constant, by the path that is called: of
    two with the same path neither.
    """
    calls: dict[Path, list[ast.Call]] = {}
    for node in ast.walk(value):
        path = path_of(node.func)[0] if isinstance(node, ast.Call) else None
        if path is not None and isinstance(node, ast.Call):
            calls.setdefault(path, []).append(node)
    return {path: same[0] for path, same in calls.items() if len(same) == 1}


def keys_given(call: ast.Call | None, scope: Scope, key: str = "") -> Keys:
    """Return the parameters of a function that a call of it fills with constants.

    ``key`` is the part that a method which gives an element is asked for, where that is known.
    """
    if is_key(key):
        return tuple((scope, name, key) for name in scope.parameters[1:2])
    if call is None or name_of(call) != getattr(scope.node, "name", ""):
        return ()
    names = (name for name in scope.parameters if name != scope.own)
    parts = ((name, _part_given(call, name, scope)) for name in names)
    return tuple((scope, name, part) for name, part in parts if part)


def keys_there(keys: Keys, scope: Scope, environment: Environment) -> tuple[tuple[str, str], ...]:
    """Return those of a function's parameters that still are what they were given."""
    return tuple(
        (name, part)
        for function, name, part in keys
        if function is scope and (name,) not in environment
    )


def is_key(part: str) -> bool:
    """Say whether a part is one element, by its key or number, and no attribute or method."""
    return part.startswith("[") and not is_open(part)


def may_give(call: ast.Call, keys: Keys, scope: Scope) -> bool:
    """Say whether a call of a function may give its parameters these keys."""
    parts = ((_part_given(call, name, scope), part) for owner, name, part in keys if owner is scope)
    return all(not given or may_be_same(given, part) for given, part in parts)


def _part_given(call: ast.Call, name: str, scope: Scope) -> str:
    arguments = arguments_for(call, (name,), scope)
    argument = arguments[0] if len(arguments) == 1 else None
    return part_at(argument) if isinstance(argument, ast.Constant) else ""
