"""An expression without what a value was taken from that left torch in it.

The value was a tensor's: where that came from is on the tape.
"""

import ast
import copy
from functools import lru_cache

from gradviz.recording.reading.expressions import Range, range_of


@lru_cache(maxsize=1024)
def ownerless(value: ast.AST, exits: frozenset[Range]) -> ast.AST:
    """Return an expression in which calls like ``x.numpy()`` have no ``x``.

    Args:
        value: The expression.
        exits: Where such calls stand.
    """
    within = exits and any(_is_exit(node, exits) for node in ast.walk(value))
    without: ast.AST = _Without(exits).visit(copy.deepcopy(value)) if within else value
    return without


def _is_exit(node: ast.AST, exits: frozenset[Range]) -> bool:
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return is_method and range_of(node) in exits


class _Without(ast.NodeTransformer):
    def __init__(self, exits: frozenset[Range]) -> None:
        self._exits = exits

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if _is_exit(node, self._exits) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            node.func.value = ast.copy_location(ast.Constant(None), owner)
            return node
        return self.generic_visit(node)
