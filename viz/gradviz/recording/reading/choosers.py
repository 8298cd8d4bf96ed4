"""Whether the value of an expression may be chosen by other values than the one that it is.

Of ``max(a, b)`` the number that comes out is one of the two, and the other had its part in that.
"""

import ast
from collections.abc import Iterator

from gradviz.recording.reading.parts import name_of

_CHOOSE = frozenset(
    "min max sorted nlargest nsmallest heappop median median_low median_high quantile percentile"
    " nanmedian nanmin nanmax amin amax clip clamp maximum minimum fmin fmax where select choose"
    " argmax argmin argsort searchsorted argpartition partition sort topk mode".split()
)
_RANKS = frozenset("sorted min max nlargest nsmallest heappop".split())
REORDERS = frozenset("reverse sort shuffle rotate".split())
ORDERS = _RANKS | REORDERS
"""Calls after which it may depend on the other elements which one stands where."""
_ROUND = frozenset(
    "sign round around floor ceil rint trunc fix heaviside astype isnan isfinite digitize"
    " nan_to_num floor_divide greater less logical_not signbit".split()
)
_BRANCHES = (ast.If, ast.While, ast.Match)


def may_choose(value: ast.AST, *, by_keys: bool = True) -> bool:
    """Say whether something in an expression may choose between values, also by the keys of these:
    by what they are ranked is followed with them.
    """
    return any(_chooses(node) and (by_keys or not _is_keyed(node)) for node in ast.walk(value))


def _chooses(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return name_of(node) in _CHOOSE and not _is_fixed(node)
    if isinstance(node, ast.Compare):
        return _compares(node)
    if isinstance(node, ast.IfExp):
        return not isinstance(node.test, ast.Compare)
    return isinstance(node, ast.BoolOp)


def _is_keyed(node: ast.AST) -> bool:
    """Say whether it is a call that ranks by a key."""
    if not isinstance(node, ast.Call) or name_of(node) not in _RANKS | {"sort"}:
        return False
    return any(word.arg == "key" for word in node.keywords)


def _is_fixed(call: ast.Call) -> bool:
    """Say whether a call keeps a count off 0, as in ``total / max(n, 1)``, or has a constant
    condition.
    """
    if name_of(call) == "where":
        return bool(call.args) and not any(
            isinstance(part, ast.Name) and part.id not in ("np", "numpy", "torch", "bool")
            for part in ast.walk(call.args[0])
        )
    return name_of(call) == "max" and any(map(_is_count, call.args))


def _compares(node: ast.Compare) -> bool:
    """Say whether a comparison is one of values, none of counts, texts or objects."""
    if all(isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for op in node.ops):
        return False
    sides = (node.left, *node.comparators)
    return not any(_is_count(side) or _is_length(side) for side in sides)


def _is_count(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and (
        isinstance(node.value, str) or (type(node.value) is int and node.value >= 1)
    )


def _is_length(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and name_of(node) == "len"


def may_rank(value: ast.AST, names: frozenset[str] = _RANKS) -> bool:
    """Say whether which elements a value takes may depend on all of them."""
    return any(isinstance(node, ast.Call) and name_of(node) in names for node in ast.walk(value))


def may_round(value: ast.AST) -> bool:
    """Say whether something in an expression may make short numbers of long ones."""
    return any(
        (isinstance(node, ast.Call) and name_of(node) in _ROUND)
        or (isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.FloorDiv))
        for node in ast.walk(value)
    )


def branches_in(function: ast.AST) -> Iterator[tuple[int, int]]:
    """Yield the lines of each branch in a function that a comparison of values opens."""
    for node in ast.walk(function):
        if isinstance(node, _BRANCHES):
            test = node.subject if isinstance(node, ast.Match) else node.test
            if may_choose(test):
                yield node.lineno, node.end_lineno or node.lineno
