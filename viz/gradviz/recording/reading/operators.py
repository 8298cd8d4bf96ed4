"""Operators of the user's own classes, written as the calls that they are: ``a + b`` is
``a.__add__(b)`` where the source says that ``a`` is an object of a class that has that method.
"""

import ast
import copy
from dataclasses import dataclass

from gradviz.recording.reading.called import classes_of_value
from gradviz.recording.reading.definitions import Environment, Scope
from gradviz.recording.reading.expressions import path_of
from gradviz.recording.reading.owners import are_related
from gradviz.recording.reading.sources import Source

_BETWEEN: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
}
_BEFORE: dict[type[ast.unaryop], str] = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}
_BUILTINS = frozenset("float int abs complex round".split())
_NAMES = frozenset(
    f"__{prefix}{name}__" for name in _BETWEEN.values() for prefix in ("", "r")
) | frozenset(f"__{name}__" for name in (*_BEFORE.values(), *_BUILTINS, "call"))


def as_calls(value: ast.AST, source: Source, scope: Scope, environment: Environment) -> ast.AST:
    """Return an expression in which such operators are calls of methods, where they stand."""
    if _NAMES.isdisjoint(source.callables):
        return value
    spelled: ast.AST = _Spelling(source, scope, environment).visit(copy.deepcopy(value))
    return spelled


@dataclass(eq=False)
class _Spelling(ast.NodeTransformer):
    source: Source
    scope: Scope
    environment: Environment

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = _BETWEEN.get(type(node.op), "")
        return (
            self._call(node, node.left, f"__{name}__", [node.right])
            or self._call(node, node.right, f"__r{name}__", [node.left])
            or node
        )

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return self._call(node, node.operand, f"__{_BEFORE.get(type(node.op), '')}__", []) or node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _BUILTINS and len(node.args) == 1:
            return self._call(node, node.args[0], f"__{node.func.id}__", []) or node
        if path_of(node.func)[0] is None:
            return node
        return self._call(node, node.func, "__call__", node.args, node.keywords) or node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def _call(
        self,
        node: ast.expr,
        owner: ast.expr,
        method: str,
        given: list[ast.expr],
        words: list[ast.keyword] | None = None,
    ) -> ast.expr | None:
        """Return the call of an object's method; None where it is not known to have that."""
        methods = self.source.callables.get(method, ())
        place = (self.source, owner, self.scope, self.environment)
        classes = classes_of_value(*place) if methods else set()
        homes = [self.source.functions[id(item)][1] for item in methods]
        if not any(home and are_related(self.source, home, classes) for home in homes):
            return None
        function = ast.copy_location(ast.Attribute(owner, method, ast.Load()), owner)
        return ast.copy_location(ast.Call(function, given, words or []), node)
