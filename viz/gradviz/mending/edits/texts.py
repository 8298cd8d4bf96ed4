"""A number that is written into a text and read back from there: the value itself is used.

``float(f"{scale:.4f}")``, ``float("{}".format(scale.item()))``.
"""

import ast
import re
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, in_brackets, last_name, name_of, proposes
from gradviz.mending.edits.values import taken

_READERS = ("float", "eval", "ast.literal_eval", "literal_eval", "Decimal", "decimal.Decimal")
_WRITERS = ("str", "repr", "format")
_PLACE = re.compile(r"\s*(\{[^{}]*\}|%[-+ 0-9.]*[efgr s])\s*")  # nothing but the number


@proposes("item", "detach", "error")
def unwritten(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that use a value in the place of the number that is read from its text."""
    statement = site.statement
    if statement is None:
        return
    function = site.source.function_of(statement)
    for node in ast.walk(function):
        if not (isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords):
            continue
        value = _written(node.args[0], function) if name_of(node) in _READERS else None
        if value is not None:
            while (inner := taken(value)) is not None:
                value = inner
            yield site.rewriting(
                "use the value itself, and not the number in its text",
                node,
                in_brackets(site, value),
            )


def _written(text: ast.expr, function: ast.AST) -> ast.expr | None:
    """Return the value that a text holds and nothing else; None where it is no such text."""
    if isinstance(text, ast.Name):
        values = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and name_of(node.targets[0]) == text.id
        ]
        return None if len(values) != 1 else _value(values[0])
    return _value(text)


def _value(text: ast.expr) -> ast.expr | None:
    if isinstance(text, ast.JoinedStr) and len(text.values) == 1:
        (part,) = text.values
        return part.value if isinstance(part, ast.FormattedValue) else None
    if isinstance(text, ast.BinOp) and isinstance(text.op, ast.Mod) and _is_place(text.left):
        only = text.right
        if not isinstance(only, ast.Tuple):
            return only
        return only.elts[0] if len(only.elts) == 1 else None
    if not (isinstance(text, ast.Call) and text.args):
        return None
    if name_of(text) in _WRITERS:
        return text.args[0]
    is_format = isinstance(text.func, ast.Attribute) and last_name(text) == "format"
    if is_format and len(text.args) == 1 and _is_place(text.func.value):  # type: ignore[attr-defined]
        return text.args[0]
    return None


def _is_place(template: ast.expr) -> bool:
    """Say whether a template holds the place of a number and nothing else."""
    return (
        isinstance(template, ast.Constant)
        and isinstance(template.value, str)
        and _PLACE.fullmatch(template.value) is not None
    )
