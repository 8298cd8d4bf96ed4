"""What the result of a small function is surely made of, by its source: by value, not by shape."""

import ast
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any

from gradviz.recording.reading.sources import source_of

Part = tuple[str, Any]
"""A name from outside of a function, and which part of that is read; None for all of it."""

# What these give is made of the numbers of all that they are given
_OF_NUMBERS = frozenset(
    "add sub mul div matmul mm bmm mv dot linear exp sin cos tanh sigmoid square sum mean neg clone"
    " contiguous view reshape t transpose unsqueeze squeeze".split()
)
_TURNED = frozenset("T mT H mH".split())


def parts_in(code: CodeType) -> set[Part]:
    """Return what the result of a function is surely made of; nothing where its source does not
    tell.
    """
    source = source_of(code.co_filename)
    functions = [
        node
        for node in ast.walk(source.tree if source is not None else ast.Module([], []))
        if isinstance(node, ast.FunctionDef | ast.Lambda) and _begins(node, code)
    ]
    if len(functions) != 1:
        return set()
    (function,) = functions
    if isinstance(function, ast.Lambda):
        return set(_parts(function.body, {}))
    return _returned(function.body)


def _begins(node: ast.FunctionDef | ast.Lambda, code: CodeType) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return first == code.co_firstlineno and getattr(node, "name", "<lambda>") == code.co_name


def _returned(body: Iterable[ast.stmt]) -> set[Part]:
    """Return what a function returns that runs its statements one after another."""
    made: dict[str, set[Part]] = {}
    for statement in body:
        match statement:
            case ast.Return(value=ast.expr() as value):
                return set(_parts(value, made))
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                made[name] = set(_parts(value, made))
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Name() as value):
                for place, target in enumerate(names):
                    if not isinstance(target, ast.Name):
                        return set()
                    made[target.id] = set(
                        _parts(ast.Subscript(value, ast.Constant(place), ast.Load()), made)
                    )
            case ast.Expr(value=ast.Constant()):
                pass
            case _:
                return set()
    return set()


def _parts(node: ast.expr, made: dict[str, set[Part]]) -> Iterator[Part]:
    """Yield what a value is surely made of, given what the names of a function are."""
    match node:
        case ast.Name(id=name):
            yield from made.get(name, {(name, None)})
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=key)):
            yield from made.get(name, {(name, key)})
        case ast.Attribute(value=value, attr=attr) if attr in _TURNED:
            yield from _parts(value, made)
        case ast.UnaryOp(op=ast.USub(), operand=value):
            yield from _parts(value, made)
        case ast.BinOp(
            left=left,
            op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.MatMult(),
            right=right,
        ):
            yield from _parts(left, made)
            yield from _parts(right, made)
        case ast.Call(func=ast.Attribute(value=value, attr=attr), args=args) if attr in _OF_NUMBERS:
            for part in (value, *args):
                yield from _parts(part, made)
