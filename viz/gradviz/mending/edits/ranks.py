"""A rank is a count, and has no gradient: the soft one counts by sigmoids.

The numbers of the forward stay, what the parameters learn is new.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, in_brackets, last_name, name_of, proposes


@proposes("non_differentiable")
def soft_rank(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that let gradient pass the rank of each value, ``x.argsort().argsort()``."""
    for node in site.nodes():
        values = _sorted(_sorted(node))
        if values is None or not isinstance(node, ast.expr):
            continue
        code = in_brackets(site, values)
        soft = f"torch.sigmoid({code}.unsqueeze(-1) - {code}.unsqueeze(-2)).sum(-1)"
        hard = f"{site.source.code(node)}.to({code}.dtype)"
        text = f"({hard} + ({soft} - {soft}.detach()))"
        yield Edit(
            "let gradient pass the rank as a count by sigmoids does",
            (site.source.replacing(node, text),),
            soft=True,
        )


def _sorted(node: ast.AST | None) -> ast.expr | None:
    """Return what an ``argsort`` sorts; None where a node is none."""
    if not (isinstance(node, ast.Call) and last_name(node) == "argsort"):
        return None
    if isinstance(node.func, ast.Attribute) and name_of(node.func.value) not in ("torch", "np"):
        return node.func.value
    return node.args[0] if node.args else None
