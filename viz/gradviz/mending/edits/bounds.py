"""The bound of a slice that was computed: what lies near it is weighed by how far it is from it.

The numbers of the forward stay, what the parameters learn is new.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import (
    Edit,
    FaultyLine,
    in_brackets,
    last_name,
    name_of,
    proposes,
    unused_name,
)
from gradviz.mending.edits.values import taken
from gradviz.mending.source import Replacement, SourceFile

_CASTS = frozenset(("int", "round", "floor", "ceil", "long", "to", "type", "short", "trunc"))


@proposes("item", "integer_cast", "non_differentiable")
def weighed(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that weigh what a slice keeps by a sigmoid of the distance to its bound."""
    statement = site.statement
    if statement is None:
        return
    source = site.source
    for sliced, position, bound, is_upper in _slices(source.function_of(statement)):
        value = _unrounded(source, statement, bound)
        use = None if value is None else _statement_of(source, sliced)
        if value is None or use is None:
            continue
        real = in_brackets(site, value)
        kept, places, near = (unused_name(site, name) for name in ("kept", "places", "near"))
        distance = f"{real} - {places}" if is_upper else f"{places} + {source.code(bound)} - {real}"
        lines = (
            f"{kept} = {source.code(sliced)}",
            f"{places} = torch.arange({kept}.shape[{position}], device={kept}.device)",
            f"{near} = torch.sigmoid({distance}).view(-1, *[1] * ({kept}.ndim - {position + 1}))",
        )
        before = [source.inserting_before(use, line) for line in lines]
        defined = Replacement(
            before[0].start, before[0].end, "".join(change.text for change in before)
        )
        text = f"{kept} * (1 + ({near} - {near}.detach()))"
        if not isinstance(source.parents[sliced], ast.Assign | ast.Return):
            text = f"({text})"
        yield Edit(
            "weigh what the slice keeps by its distance from the bound",
            (defined, source.replacing(sliced, text)),
            soft=True,
        )


def _slices(function: ast.AST) -> Iterator[tuple[ast.Subscript, int, ast.expr, bool]]:
    """Yield the bounds of slices that are read: the whole, the dimension, the bound, and whether it
    is the upper.
    """
    for node in ast.walk(function):
        if not (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)):
            continue
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if not all(isinstance(part, ast.Slice) for part in parts):
            continue  # a number takes its dimension away
        for position, part in enumerate(parts):
            assert isinstance(part, ast.Slice)
            if part.upper is not None and not isinstance(part.upper, ast.Constant):
                yield node, position, part.upper, True
            if part.lower is not None and not isinstance(part.lower, ast.Constant):
                yield node, position, part.lower, False


def _unrounded(source: SourceFile, statement: ast.stmt, bound: ast.expr) -> ast.expr | None:
    """Return the value that a bound was cast from, in a statement or in the bound itself; None
    where it was not.
    """
    if isinstance(bound, ast.Name):
        if not isinstance(statement, ast.Assign) or name_of(statement.targets[0]) != bound.id:
            return None
        return _uncast(statement.value)
    within = statement in source.enclosing(bound)
    return _uncast(bound) if within else None


def _uncast(value: ast.expr) -> ast.expr | None:
    start = value
    while True:
        inner = taken(value)
        if inner is None and isinstance(value, ast.Call) and last_name(value) in _CASTS:
            is_method = isinstance(value.func, ast.Attribute) and name_of(value.func) not in (
                "torch.round",
                "torch.floor",
                "torch.ceil",
                "math.floor",
                "math.ceil",
            )
            inner = value.func.value if is_method else next(iter(value.args), None)  # type: ignore[attr-defined]
        if inner is None:
            return None if value is start else value
        value = inner


def _statement_of(source: SourceFile, node: ast.AST) -> ast.stmt | None:
    """Return the statement that a node is run once in; None in a lambda, a loop of one line or the
    head of a block.
    """
    for parent in source.enclosing(node):
        if isinstance(parent, ast.Lambda | ast.ListComp | ast.GeneratorExp | ast.DictComp):
            return None
        if isinstance(parent, ast.stmt):
            is_simple = not hasattr(parent, "body")
            alone = len(source.statements_at(parent.lineno)) == 1
            return parent if is_simple and alone else None
    return None
