"""Texts and bytes that several numbers stand in: what is read out of one may be any of them."""

import ast
from collections.abc import Iterator

from gradviz.recording.expressions import Path, reads
from gradviz.recording.parts import name_of

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


def read_in_texts(value: ast.AST) -> set[Path]:
    """Return the paths that such texts in a value are made of."""
    return {path for text in texts_of_several(value) for path in reads(text)}


def _is_of_several(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        filled = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        return _has_digits(node.values) or _are_several(filled)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and _is_text(node.left):
        filled = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        return _are_several(filled)
    if not isinstance(node, ast.Call):
        return False
    given = [*node.args, *(word.value for word in node.keywords)]
    if name_of(node) == "format" and isinstance(node.func, ast.Attribute):
        return _has_digits([node.func.value]) or _are_several(given)
    if name_of(node) == "pack":
        return _are_several(given[1:])  # the first says how
    return name_of(node) in _WRITTEN and _are_several(node.args[:1])


def _are_several(given: list[ast.expr]) -> bool:
    return len(given) > 1 or any(isinstance(item, _SEVERAL) for item in given)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _has_digits(parts: list[ast.expr]) -> bool:
    """Say whether a number is written out in one of some texts."""
    texts = [part.value for part in parts if isinstance(part, ast.Constant)]
    return any(character.isdecimal() for text in texts for character in str(text))
