"""Where the source does not tell what of a value goes on: all of it, a part, or nothing."""

import ast
from collections.abc import Iterator

from gradviz.recording.reading.definitions import Environment, Scope
from gradviz.recording.reading.expressions import Path, reads
from gradviz.recording.reading.keys import may_give
from gradviz.recording.reading.owners import calls_of, functions_of
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.sources import Source
from gradviz.recording.reading.texts import texts_of_several
from gradviz.recording.reading.ways import Way


def vague(
    source: Source, value: ast.AST, scope: Scope, environment: Environment
) -> Iterator[ast.expr]:
    """Yield what stands in an expression and need not go on in its value: a text of several
    numbers, and what a call is given of which it cannot be told what it calls.
    """
    yield from texts_of_several(value)
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and _is_unknown(source, node, scope, environment):
            yield from (node.func, *node.args, *(word.value for word in node.keywords))


def vague_reads(
    source: Source, value: ast.AST, scope: Scope, environment: Environment
) -> set[Path]:
    """Return the paths that are read in there."""
    return {path for part in vague(source, value, scope, environment) for path in reads(part)}


def _is_unknown(source: Source, call: ast.Call, scope: Scope, environment: Environment) -> bool:
    called = call.func
    if isinstance(called, (ast.Lambda, ast.Attribute)):
        return False
    if not isinstance(called, ast.Name):
        return True  # ``table["flat"](x)``
    made = environment.get((called.id,), ())
    is_variable = called.id in scope.parameters or any(item.value is not None for item in made)
    return is_variable and not functions_of(source, call, scope, environment)


def is_object(source: Source, node: ast.AST) -> bool:
    """Say whether an expression gives an object of one of a file's classes, or what a method of it
    does: whoever has it need not read all its fields.
    """
    made = node.elt if isinstance(node, ast.GeneratorExp) else node
    if isinstance(made, ast.Attribute) and made.attr in source.callables:
        made = made.value
    return isinstance(made, ast.Call) and name_of(made) in source.bases


def fills_others(source: Source, scope: Scope, way: Way) -> bool:
    """Say whether a function that is come to with some keys is called with others as well: what
    it takes out of torch then is none of theirs.
    """
    keyed = not way.quiet and any(owner is scope for owner, *_ in way.keys)
    return keyed and not all(
        may_give(call, way.keys, scope) for call, *_ in calls_of(source, scope, (), ())
    )
