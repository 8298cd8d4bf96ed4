"""Where a function computes with an element that a value which left torch chose."""

import ast
from types import CodeType

from gradviz.recording.reading.definitions import Environment, Scope
from gradviz.recording.reading.expressions import Path, Range, is_inside, range_of, reads
from gradviz.recording.reading.instructions import place_of, position_of, scope_of
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.slices import Slicer
from gradviz.recording.reading.sources import Source
from gradviz.recording.reading.where import by_file

_DECIDES = (ast.If, ast.IfExp, ast.While, ast.BoolOp, ast.Compare, ast.Match, ast.Try)


@by_file
def chosen_by(code: CodeType, lasti: int) -> tuple[Range, ...]:
    """Return where a function computes with an element that the value of an instruction, or a
    name that it is given right away, is the index of: ``experts[k](x)``, ``rows[k] + 1``.
    """
    scoped, position = scope_of(code), position_of(code, lasti)
    if scoped is None or position is None:
        return ()
    names = _names_given(scoped, position)
    place = place_of(code, lasti)
    if place is None:
        return ()
    indexed = [
        range_of(node)
        for node in ast.walk(scoped[1].node)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and (
            _counts(scoped, position, node.slice, place[1])
            or not names.isdisjoint(reads(node.slice))
        )
    ]
    return tuple(
        range_of(node)
        for node in (ast.walk(scoped[1].node) if indexed else ())
        if isinstance(node, (ast.Call, ast.BinOp))
        and any(is_inside(place, range_of(node)) for place in indexed)
    )


def _counts(
    scoped: tuple[Source, Scope], position: Range, value: ast.AST, environment: Environment
) -> bool:
    """Say whether an expression that holds a place is made of the value there: not where a function
    is handed that whose results have nothing of it, and that decides nothing.
    """
    if not is_inside(position, range_of(value)):
        return False
    if _decides(scoped[0], value):
        return True
    slicer = Slicer(*scoped)
    slicer.value(value, scoped[1], environment)
    sliced = slicer.finished()
    return (
        sliced is None
        or sliced.decides
        or any(part.covers(position) for part in sliced.expressions)
    )


def _decides(source: Source, value: ast.AST) -> bool:
    """Say whether a function of the file's that an expression calls may go one way or another."""
    calls = (node for node in ast.walk(value) if isinstance(node, ast.Call))
    functions = (function for call in calls for function in source.callables.get(name_of(call), ()))
    return any(
        isinstance(part, _DECIDES) or (isinstance(part, ast.comprehension) and part.ifs)
        for function in functions
        for part in ast.walk(function)
    )


def _names_given(scoped: tuple[Source, Scope], place: Range) -> set[Path]:
    """Return the names that stand for the value at a place, or for an element of it."""
    scope = scoped[1]
    names = {
        definition.target
        for definition in scope.definitions
        if definition.value is not None
        and not definition.call
        and _counts(scoped, place, definition.value, definition.before)
    }
    for node in ast.walk(scope.node):
        if isinstance(node, ast.comprehension) and is_inside(place, range_of(node.iter)):
            names |= {(name.id,) for name in ast.walk(node.target) if isinstance(name, ast.Name)}
    return names
