"""An expression with keys in the place of the names that stand for them."""

import ast
import copy
from functools import lru_cache
from typing import Any


def eval_part(part: str) -> str | int:
    """Return the key or number of a part that is constant."""
    index: str | int = ast.literal_eval(part[1:-1])
    return index


@lru_cache(maxsize=1024)
def with_keys(value: ast.AST, keys: tuple[tuple[str, str], ...]) -> Any:
    """Return an expression with the keys in the place of the names that they are.

    Args:
        value: The expression.
        keys: Names, and the parts that they choose: ``("k", "['loss']")``.
    """
    return _Keyed(dict(keys)).visit(copy.deepcopy(value)) if keys else value


class _Keyed(ast.NodeTransformer):
    def __init__(self, keys: dict[str, str]) -> None:
        self._keys = keys

    def visit_Name(self, node: ast.Name) -> ast.AST:
        part = self._keys.get(node.id)
        if part is None or not isinstance(node.ctx, ast.Load):
            return node
        return ast.copy_location(ast.Constant(eval_part(part)), node)
