"""Where the source does not tell what of a value goes on: all of it, a part, or nothing."""

import ast
from collections.abc import Callable, Iterator

from gradviz.recording.reading.called import calls_of
from gradviz.recording.reading.definitions import Scope
from gradviz.recording.reading.keys import may_give
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.sources import Source
from gradviz.recording.reading.texts import texts_of_several
from gradviz.recording.reading.ways import Way

_ELEMENTS = ("__next__", "__iter__", "__getitem__")


def vague(value: ast.AST, is_unknown: Callable[[ast.Call], bool]) -> Iterator[ast.expr]:
    """Yield what stands in an expression and need not go on in its value: a text of several
    numbers, and what a call is given of which it cannot be told what it calls.
    """
    yield from texts_of_several(value)
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and is_unknown(node):
            yield from (node.func, *node.args, *(word.value for word in node.keywords))


def is_object(source: Source, node: ast.AST) -> bool:
    """Say whether an expression gives an object of one of a file's classes, or what a method of it
    does: whoever has it need not read all its fields.
    """
    made = node.elt if isinstance(node, ast.GeneratorExp) else node
    if isinstance(made, ast.Attribute) and made.attr in source.callables:
        made = made.value
    return isinstance(made, ast.Call) and name_of(made) in source.bases


def gives_elements(source: Source, node: ast.AST) -> bool:
    """Say whether an expression makes an object of a class whose methods give one element after
    the other.
    """
    if not isinstance(node, ast.Call) or name_of(node) not in source.bases:
        return False
    methods = [item for name in _ELEMENTS for item in source.callables.get(name, ())]
    owners = (source.functions[id(method)][1] for method in methods)
    return any(owner and source.is_related(owner, name_of(node)) for owner in owners)


def fills_others(source: Source, scope: Scope, way: Way) -> bool:
    """Say whether a function that is come to with some keys is called with others as well: what
    it takes out of torch then is none of theirs.
    """
    keyed = not way.quiet and any(owner is scope for owner, *_ in way.keys)
    return keyed and not all(
        may_give(call, way.keys, scope) for call, *_ in calls_of(source, scope, (), ())
    )
