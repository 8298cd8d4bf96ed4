"""A ``where`` keeps the value and not the gradient of what it leaves out: 0 * inf is NaN.

Its operand is to be safe by itself.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import (
    Edit,
    FaultyLine,
    calls,
    in_brackets,
    method_calls,
    name_of,
    proposes,
)

_UNSAFE = frozenset("sqrt log log1p log2 log10 pow acos asin reciprocal rsqrt norm div exp".split())
_OF_POSITIVE = ("sqrt", "log", "log2", "log10", "rsqrt")


@proposes("not_finite")
def safe_operand(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that put ones into the operand where the ``where`` does not take its result."""
    for call in calls(site, "where"):
        if len(call.args) != 3:
            continue
        condition = site.source.code(call.args[0])
        for chosen, choice in enumerate(call.args[1:]):
            mask = condition if chosen == 0 else f"~({condition})"
            for operand in _operands(choice):
                code = site.source.code(operand)
                text = f"torch.where({mask}, {code}, torch.ones_like({in_brackets(site, operand)}))"
                yield site.rewriting("make the operand safe where it is not taken", operand, text)


@proposes("not_finite")
def clamped_operand(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that keep what a root or a logarithm is taken of away from zero, by a number that
    a sum does not notice. A ``where`` beside it has a better way.
    """
    if any(calls(site, "where")):
        return
    for node, method in method_calls(site.nodes(), _OF_POSITIVE):
        is_function = name_of(method.value) == "torch"
        if is_function and not node.args:
            continue
        operand = node.args[0] if is_function else method.value
        text = f"{in_brackets(site, operand)}.clamp(min=1e-30)"
        yield site.rewriting(f"keep what {method.attr}() takes above zero", operand, text)


def _operands(value: ast.expr) -> Iterator[ast.expr]:
    for node in ast.walk(value):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _UNSAFE
        ):
            base = node.func.value
            is_function = isinstance(base, ast.Name) and base.id in ("torch", "F")
            if is_function and node.args:
                yield node.args[0]
            elif not is_function:
                yield base
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield node.right
