"""Which of the functions of a file a call is of, and which calls are of a function."""

import ast
from collections.abc import Iterator, Sequence

from gradviz.recording.reading.definitions import Environment, Function, Scope
from gradviz.recording.reading.expressions import Path, path_of, root_of
from gradviz.recording.reading.held_functions import (
    calls_by_name,
    functions_in,
    held_in,
    is_variable,
)
from gradviz.recording.reading.keys import Keys, may_give
from gradviz.recording.reading.owners import are_related, classes_of
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.sources import Source


def calls_of(
    source: Source, scope: Scope, receiver: Path, keys: Keys, made: frozenset[int] = frozenset()
) -> Iterator[tuple[ast.Call, Scope, Environment]]:
    """Yield the calls that may be of a function, on an object where one is meant, and with these
    keys.

    Args:
        source: The file.
        scope: The function.
        receiver: The path of the object; empty for any.
        keys: What parameters of functions are, as parts.
        made: The calls that made the object, by identity; nothing where that is not known.
    """
    name: str = getattr(scope.node, "name", "")
    if name == "__call__" and scope.owner:
        for call, other, environment in _calls_of_objects(source, scope.owner, receiver):
            if may_give(call, keys, scope):
                yield call, other, environment
        return
    called = scope.owner if name == "__init__" else name
    for call, other, environment in calls_by_name(source, called, scope) if called else ():
        if name == "__init__" and made and id(call) not in made:
            continue  # another object of its class
        on = root_of(call.func.value) if isinstance(call.func, ast.Attribute) else None
        owners = classes_of(source, on or (), other, environment)
        if owners and scope.owner and not are_related(source, scope.owner, owners):
            continue  # an object of another class, by the same name
        meant = name == "__init__" or not receiver or receiver in (on, ("self",))
        if meant or holder_of(call, other, receiver):
            if may_give(call, keys, scope):
                yield call, other, environment
    for call, other, environment in () if scope.owner else _calls_of_held(source, scope):
        if may_give(call, keys, scope):
            yield call, other, environment


def _calls_of_held(source: Source, scope: Scope) -> Iterator[tuple[ast.Call, Scope, Environment]]:
    """Yield the calls of what a variable or a table holds that may be of a function."""
    name = getattr(scope.node, "name", "")
    if name and not source.is_handed_on(name):
        return
    for call, other, environment in source.calls_of_variables:
        for held in held_in(source, call.func, other, environment):
            if held.node is scope.node:
                yield held.called_by(call), other, environment


def holder_of(call: ast.Call, scope: Scope, receiver: Path) -> Path:
    """Return the path of the object in a method of which a call of an attribute of its own is the
    call of some object: ``p`` where ``p.left`` is meant by ``self.left``; nothing for any other.
    """
    on = root_of(call.func.value) if isinstance(call.func, ast.Attribute) else None
    if on is None or len(on) < 2 or on[0] != scope.own:
        return ()
    inner = len(on) - 1
    return receiver[:-inner] if receiver[-inner:] == on[1:] else ()


def _calls_of_objects(
    source: Source, owner: str, receiver: Path
) -> Iterator[tuple[ast.Call, Scope, Environment]]:
    """Yield the calls of objects that are of a class, or of one of them where that is meant."""
    for node in source.functions.values():
        other = source.scope(node[0])
        for call, environment in (item for calls in other.calls.values() for item in calls):
            on, indices = path_of(call.func)
            if on is None or indices or receiver not in ((), ("self",), on):
                continue
            if are_related(source, owner, classes_of(source, on, other, environment)):
                yield call, other, environment


def functions_of(
    source: Source, call: ast.Call, scope: Scope, environment: Environment
) -> Sequence[Function]:
    """Return the functions of a file that a call may be of; none where that cannot be
    told.
    """
    name = name_of(call)
    if is_variable(source, call.func, scope, environment):
        return functions_in(source, call.func, scope, environment)
    named = source.callables.get(name, ())
    if not isinstance(call.func, ast.Attribute):
        return () if name in source.bases else _seen_from(source, named, scope)
    path, indices = path_of(call.func.value)
    if path is not None and is_module(source, path, scope):
        return [item for item in named if not source.functions[id(item)][1]]
    owners = () if indices else classes_of_value(source, call.func.value, scope, environment)
    return [item for item in named if source.functions[id(item)][1] in owners]


def leaves_alone(source: Source, call: ast.AST, scope: Scope, environment: Environment) -> bool:
    """Say whether a call is of functions of a file that change nothing, by whatever name."""
    functions = functions_of(source, call, scope, environment) if isinstance(call, ast.Call) else ()
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return bool(functions) and not any(
        item.change or len(item.target) > 1 or isinstance(item.value, inner)
        for function in functions
        for item in source.scope(function).definitions
    )


def classes_of_value(
    source: Source, node: ast.AST, scope: Scope, environment: Environment
) -> set[str]:
    """Return the classes of a file that the value of an expression is known to be of."""
    path, indices = path_of(node)
    if path is not None:
        return set() if indices else classes_of(source, path, scope, environment)
    if not isinstance(node, ast.Call):
        return set()
    if name_of(node) in source.bases:
        return {name_of(node)}
    return {
        name_of(result)
        for function in functions_of(source, node, scope, environment)
        for results, _ in source.scope(function).results
        for result in results
        if isinstance(result, ast.Call) and name_of(result) in source.bases
    }


def is_module(source: Source, path: Path, scope: Scope) -> bool:
    """Say whether a path is a module that a file imports, and that is read with it."""
    item = source.imports.get(id(scope.file), {}).get(".".join(path))
    return item is not None and not item.original and item.file in source.trees


def _seen_from(source: Source, named: Sequence[Function], scope: Scope) -> Sequence[Function]:
    """Return those of some functions that a bare name means: none of a class, and its own file's
    before those of others.
    """
    plain = [item for item in named if not source.functions[id(item)][1]]
    own = [item for item in plain if source.scope(item).file is scope.file]
    return own or plain


def is_as_written(source: Source, function: ast.AST) -> bool:
    """Say whether a call of a function runs just what stands there: each of its decorators gives
    back the function that it is given.
    """
    return all(_gives_back(source, item) for item in getattr(function, "decorator_list", ()))


def _gives_back(source: Source, decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    path = path_of(called)[0]
    functions = () if path is None else source.callables.get(path[-1], ())
    if len(functions) != 1:
        return False
    scope = source.scope(functions[0])
    if isinstance(decorator, ast.Call):
        made = _named(scope.results)
        inner = [item.value for item in scope.definitions if item.target[0] in made]
        if len(made) != 1 or len(inner) != 1 or not isinstance(inner[0], ast.FunctionDef):
            return False
        scope = source.scope(inner[0])
    return _named(scope.results) == set(scope.parameters[:1])


def _named(results: Sequence[tuple[list[ast.AST], Environment]]) -> set[str]:
    """Return the names that a function returns; nothing where it returns anything else as well."""
    values = [value for values, _ in results for value in values]
    names = {value.id for value in values if isinstance(value, ast.Name)}
    return names if all(isinstance(value, ast.Name) for value in values) else set()
