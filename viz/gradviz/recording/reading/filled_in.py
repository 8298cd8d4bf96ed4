"""An expression with constants in the place of the names that stand for them."""

import ast
import copy
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

_Node = TypeVar("_Node", ast.expr, ast.AST)


def eval_part(part: str) -> str | int:
    """Return the key or number of a part that is constant."""
    index: str | int = ast.literal_eval(part[1:-1])
    return index


def filled_in(value: _Node, keys: tuple[tuple[str, str], ...]) -> _Node:
    """Return an expression with the keys in the place of the names that they are.

    Args:
        value: The expression.
        keys: Names, and the parts that they choose: ``("k", "['loss']")``.
    """
    filled: _Node = _filled_in(value, keys) if keys else value
    return filled


@lru_cache(maxsize=1024)
def _filled_in(value: ast.AST, keys: tuple[tuple[str, str], ...]) -> Any:
    constants = {name: ast.Constant(eval_part(part)) for name, part in keys}
    return _Filling(constants).visit(copy.deepcopy(value))


def replaced(value: _Node, names: Mapping[str, ast.expr]) -> _Node:
    """Return an expression with others in the place of the names that stand for them."""
    other: _Node = _Filling(names).visit(copy.deepcopy(value))
    return other


class _Filling(ast.NodeTransformer):
    def __init__(self, given: Mapping[str, ast.expr]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.AST:
        given = self._given.get(node.id)
        if given is None or not isinstance(node.ctx, ast.Load):
            return node
        other = copy.copy(given)
        return ast.copy_location(_located(other, node), node)


def _located(other: ast.expr, node: ast.AST) -> ast.expr:
    """Let an expression stand where another stood, with all that is new in it."""
    if isinstance(other, ast.Subscript) and not hasattr(other.slice, "lineno"):
        other.slice = ast.copy_location(copy.copy(other.slice), node)
    return other
