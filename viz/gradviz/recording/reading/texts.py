"""Texts and bytes that several numbers stand in: what is read out of one may be any of them."""

import ast
import re
from collections.abc import Iterable, Iterator
from types import CodeType

from gradviz.recording.reading.expressions import is_inside, range_of
from gradviz.recording.reading.instructions import position_of, scope_of
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.where import by_file

_FIELD = re.compile(r"%[^a-zA-Z%]*[a-zA-Z%]|{[^}]*}")  # of "%.3f" and "{:.3f}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_WRITTEN = frozenset("str repr dumps".split())
_SEVERAL = (
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.ListComp,
    ast.SetComp,
    ast.GeneratorExp,
    ast.DictComp,
)


def texts_of_several(value: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions in a value that make a text of more than one number."""
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.expr) and _is_of_several(node):
            yield node
        form = node.format_spec if isinstance(node, ast.FormattedValue) else None
        pending += [part for part in ast.iter_child_nodes(node) if part is not form]


@by_file
def written_beside(code: CodeType, lasti: int) -> tuple[frozenset[float], bool] | None:
    """Return the numbers that are written out beside the value of an instruction in the text that
    it goes into, and whether other values go into it; None where it goes into none.
    """
    scoped, position = scope_of(code), position_of(code, lasti)
    contents = [
        content
        for node in (ast.walk(scoped[1].node) if scoped is not None else ())
        if isinstance(node, ast.expr) and is_inside(position, range_of(node))
        if (content := _content(node)) is not None and content[1]
    ]
    numbers: set[float] = set()
    several = False
    for written, filled in contents:
        items = [*_flat(filled)]
        constants = [item for item in items if isinstance(item, ast.Constant)]
        several = several or len(items) - len(constants) > 1
        for item in (*written, *constants):
            text = _FIELD.sub(" ", str(getattr(item, "value", "")))
            numbers.update(map(float, _NUMBER.findall(text)))
    return (frozenset(numbers), several) if contents else None


def _flat(items: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """Yield some expressions, with what stands in a list or dict in place of it."""
    for item in items:
        if isinstance(item, ast.Dict):
            yield from (key for key in item.keys if key is not None)
            yield from _flat(item.values)
        elif isinstance(item, (ast.Tuple, ast.List, ast.Set)):
            yield from _flat(item.elts)
        else:
            yield item


def _content(node: ast.expr) -> tuple[list[ast.expr], list[ast.expr]] | None:
    """Return what an expression that makes a text writes out, and what it fills in; None for any
    other expression.
    """
    if isinstance(node, ast.JoinedStr):
        filled = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        return [part for part in node.values if isinstance(part, ast.Constant)], filled
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and _is_text(node.left):
        return [node.left], node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
    if not isinstance(node, ast.Call):
        return None
    given = [*node.args, *(word.value for word in node.keywords)]
    if name_of(node) == "format" and isinstance(node.func, ast.Attribute):
        return [node.func.value], given
    if name_of(node) == "pack":
        return [], given[1:]  # the first says how
    return ([], node.args[:1]) if name_of(node) in _WRITTEN and node.args else None


def _is_of_several(node: ast.expr) -> bool:
    written, filled = _content(node) or ([], [])
    return _has_digits(written) or _are_several(filled)


def _are_several(given: list[ast.expr]) -> bool:
    return len(given) > 1 or any(isinstance(item, _SEVERAL) for item in given)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _has_digits(parts: list[ast.expr]) -> bool:
    """Say whether a number is written out in one of some texts."""
    texts = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
    return any(map(str.isdecimal, "".join(_FIELD.sub("", text) for text in texts)))
