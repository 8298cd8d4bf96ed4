"""An expression with constants in the place of the names that stand for them."""

import ast
import copy
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
    return _Filling(dict(keys)).visit(copy.deepcopy(value))


class _Filling(ast.NodeTransformer):
    def __init__(self, keys: dict[str, str]) -> None:
        self._keys = keys

    def visit_Name(self, node: ast.Name) -> ast.AST:
        part = self._keys.get(node.id)
        if part is None or not isinstance(node.ctx, ast.Load):
            return node
        return ast.copy_location(ast.Constant(eval_part(part)), node)
