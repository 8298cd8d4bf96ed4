"""A count by bins has no gradient: the soft one shares a value between the two nearest bins.

The numbers of the forward stay, what the parameters learn is new.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import (
    Edit,
    FaultyLine,
    calls,
    in_brackets,
    keyword,
    last_name,
    name_of,
    proposes,
)

# A rank is a count, and has no gradient: the soft one counts by sigmoids.


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
        yield site.rewriting(
            "let gradient pass the rank as a count by sigmoids does", node, text, soft=True
        )


def _sorted(node: ast.AST | None) -> ast.expr | None:
    """Return what an ``argsort`` sorts; None where a node is none."""
    if not (isinstance(node, ast.Call) and last_name(node) == "argsort"):
        return None
    if isinstance(node.func, ast.Attribute) and name_of(node.func.value) not in ("torch", "np"):
        return node.func.value
    return node.args[0] if node.args else None


@proposes("non_differentiable")
def soft_histogram(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that let gradient pass ``histc``, where its bins and their ends are given."""
    for call in calls(site, "histc"):
        if not isinstance(call.func, ast.Attribute):
            continue
        is_function = name_of(call.func.value) == "torch"
        values, *given = call.args if is_function else [call.func.value, *call.args]
        names = ("bins", "min", "max")
        ends = [*given, *(keyword(call, name) for name in names[len(given) :])]
        bins, low, high = (None if node is None else in_brackets(site, node) for node in ends)
        if bins is None or low is None or high is None:
            continue
        code = in_brackets(site, values)
        above, width = f"({code}.reshape(-1, 1) - {low})", f"({high} - {low})"
        if low in ("0", "0.0"):
            above, width = f"{code}.reshape(-1, 1)", high
        at = f"{above} * ({bins} / {width}) - 0.5"
        centres = f"torch.arange({bins}, device={code}.device)"
        soft = f"(1 - ({at} - {centres}).abs()).clamp(min=0).sum(0)"
        text = f"({site.source.code(call)} + ({soft} - {soft}.detach()))"
        yield site.rewriting(
            "let the counts pass gradient as overlapping bins do", call, text, soft=True
        )
