"""Whether a call may write what it computes into an array that it was handed."""

import ast

_PURE = frozenset("math cmath statistics json hashlib".split())  # which know no arrays
_ARRAYS = frozenset(("np", "numpy"))
_NEW = frozenset("len int float bool str abs min max sum".split())
_TYPES = frozenset("int float bool complex str object".split())
_FRESH = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.Compare, ast.Tuple, ast.List, ast.Slice)
_READ = dict.fromkeys(
    "maximum minimum dot matmul inner outer corrcoef allclose isclose array_equal add subtract"
    " multiply divide power histogram percentile quantile searchsorted isin".split(),
    2,
) | {"where": 3, "interp": 3, "clip": 3}
"""How many of their arguments functions of numpy only read; of any other the first."""

_REDUCE = frozenset(
    "mean sum max min std var clamp clip round any all argmax argmin cumsum cumprod prod dot"
    " take".split()
)


def may_write(call: ast.Call) -> bool:
    """Say whether a call of a function of numpy, or of a method of an array, may fill another."""
    if not isinstance(call.func, ast.Attribute):
        return False
    owner, name = call.func.value, call.func.attr
    while isinstance(owner, ast.Attribute):
        owner = owner.value
    library = owner.id if isinstance(owner, ast.Name) else ""
    if library in _PURE:
        return False
    if any(word.arg in ("out", None) for word in call.keywords):
        return True
    if library in _ARRAYS:
        others = call.args[_READ.get(name, 1) :]
    else:
        others = call.args if name in _REDUCE else []
    starred = any(isinstance(item, ast.Starred) for item in call.args)
    return (starred and bool(library or others)) or not all(map(_is_new, others))


def _is_new(argument: ast.AST) -> bool:
    """Say whether nothing else holds what an argument gives, or it is no array."""
    if isinstance(argument, ast.Call):
        return isinstance(argument.func, ast.Name) and argument.func.id in _NEW
    if isinstance(argument, ast.Name):
        return argument.id in _TYPES
    if isinstance(argument, ast.Attribute):
        owner = argument.value
        return isinstance(owner, ast.Name) and owner.id in {"torch", *_ARRAYS}
    return isinstance(argument, _FRESH)
