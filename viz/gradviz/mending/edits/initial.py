"""Two factors that both begin with zero: each gradient is a product with the other, so neither ever
moves. One of them is to begin with other numbers.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, last_name, name_of, proposes

_FILLS = frozenset(("zeros_", "zero_"))
_MOST = 8


@proposes("zero")
def drop_fill(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop the line that fills one of them with zeros, so that it keeps its
    default values.
    """
    if site.operation not in ("zero_factor", "mul", "linear", "addmm", "mm", "matmul"):
        return
    fills = [
        node
        for node in ast.walk(site.source.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _fills(node.value)
    ]
    for statement in fills[:_MOST]:
        code = site.source.code(statement)
        yield Edit(f"drop {code}", (site.source.deleting(statement),))


@proposes("zero")
def small_numbers(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that have a parameter that begins with zeros begin with small numbers."""
    if site.operation not in ("zero_factor", "mul", "linear", "addmm", "mm", "matmul"):
        return
    for node in ast.walk(site.source.tree):
        if isinstance(node, ast.Call) and last_name(node) == "Parameter" and node.args:
            value = node.args[0]
            if name_of(value) == "torch.zeros" and isinstance(value, ast.Call):
                end = site.source.span(value.func)[1]
                sizes = site.source.text[end : site.source.span(value)[1]]
                yield site.rewriting(
                    "let the parameter begin with small numbers",
                    value,
                    f"0.01 * torch.randn{sizes}",
                )


def _fills(call: ast.Call) -> bool:
    if last_name(call) in _FILLS:
        return True
    is_constant = last_name(call) in ("constant_", "fill_") and call.args
    value = call.args[-1] if is_constant else None
    return isinstance(value, ast.Constant) and value.value == 0
