"""A place in a table that was computed and rounded: the table's slope there is its gradient.

The numbers of the forward stay, what the parameters learn is new.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, in_brackets, last_name, name_of, proposes

_WHOLE = frozenset(("long", "int", "to", "type", "short", "round", "floor", "ceil", "trunc"))
_BOUNDS = frozenset(("clamp", "clip"))


@proposes("integer_cast", "non_differentiable", "zero")
def slope(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that let gradient pass a look-up as the difference to the next row says."""
    statement = site.statement
    if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
        return
    place = _unrounded(statement.value)
    if place is None:
        return
    index, where = statement.targets[0].id, in_brackets(site, place)
    function = site.source.function_of(statement)
    for use in ast.walk(function):
        if isinstance(use, ast.Name) and use.id == index and isinstance(use.ctx, ast.Load):
            looked = site.source.parents.get(use)
            rows = _rows(site, looked, use)
            if rows is None or not isinstance(looked, ast.expr):
                continue
            hard = site.source.code(looked)
            after = f"{rows}[({index} + 1).clamp(max={rows}.shape[0] - 1)]"
            for shape in (".unsqueeze(-1)", ""):
                step = f"({where} - {where}.detach()){shape}"
                text = f"({hard} + {step} * ({after} - {hard}).detach())"
                yield site.rewriting(
                    "let gradient pass the look-up by the slope of the table",
                    looked,
                    text,
                    soft=True,
                )


def _unrounded(value: ast.expr) -> ast.expr | None:
    """Return what is rounded or cast to a whole number; None where nothing is."""
    start = value
    while isinstance(value, ast.Call) and last_name(value) in _WHOLE | _BOUNDS:
        if not isinstance(value.func, ast.Attribute):
            return None
        is_function = name_of(value.func.value) == "torch"
        if is_function and not value.args:
            return None
        value = value.args[0] if is_function else value.func.value
    return None if value is start else value


def _rows(site: FaultyLine, looked: ast.AST | None, use: ast.expr) -> str | None:
    """Return the table that an index is looked up in: a tensor, or the weight of an embedding."""
    if isinstance(looked, ast.Subscript) and looked.slice is use:
        return in_brackets(site, looked.value)
    if isinstance(looked, ast.Call) and looked.args == [use] and not looked.keywords:
        return f"{site.source.code(looked.func)}.weight"
    return None
