"""Functions that a variable or a table holds: ``table["mean"](x)`` is a call of what the table has
under that key.
"""

import ast
import builtins
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gradviz.recording.reading.call_arguments import given_for
from gradviz.recording.reading.definitions import Definition, Environment, Function, Scope, reaching
from gradviz.recording.reading.expressions import Path, element_of
from gradviz.recording.reading.keys import Keys, is_key, may_give
from gradviz.recording.reading.owners import classes_of, given_around, stores
from gradviz.recording.reading.parts import SOME, name_of, parts_at, pieces
from gradviz.recording.reading.sources import Source
from gradviz.recording.reading.ways import joined_to, within

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_KNOWN = frozenset("np numpy torch math F statistics".split())
"""Packages of which each function's result has something of all that it is given."""
_DEEPEST = 6
"""Names for the same function that are followed."""
_MOST = 32  # functions


def is_variable(source: Source, called: ast.AST, scope: Scope, environment: Environment) -> bool:
    """Say whether what is called is what a variable or a table holds, and no name of a function."""
    if isinstance(called, ast.Name):
        made = environment.get((called.id,), ())
        return called.id in scope.parameters or any(item.value is not None for item in made)
    if not isinstance(called, ast.Attribute) or called.attr in source.callables:
        return isinstance(called, (ast.Subscript, ast.Call, ast.IfExp))
    own = isinstance(called.value, ast.Name) and called.value.id == scope.own != ""
    return own and bool(source.givers(called.attr))


class Callee(NamedTuple):
    """What may be called.

    Attributes:
        node: A function of the file, or what names one of a library.
        partial: The call by which some of its arguments are given already.
    """

    node: ast.AST
    partial: ast.Call | None = None

    @property
    def function(self) -> Function | None:
        """The function of the file; None where it is none."""
        return self.node if isinstance(self.node, _FUNCTIONS) else None

    def called_by(self, call: ast.Call) -> ast.Call:
        """Return a call of it with all that it is given."""
        if self.partial is None:
            return call
        given = [*self.partial.args[1:], *call.args]
        words = [*self.partial.keywords, *call.keywords]
        return ast.copy_location(ast.Call(call.func, given, words), call)


def functions_in(
    source: Source, called: ast.AST, scope: Scope, environment: Environment
) -> Sequence[Function]:
    """Return the functions of a file that an expression's value can be; none where it may be
    another, or has some arguments already.
    """
    held = held_in(source, called, scope, environment)
    functions = [item.function for item in held if item.function and not item.partial]
    return functions if len(functions) == len(held) else ()


def held_in(
    source: Source, called: ast.AST, scope: Scope, environment: Environment
) -> Sequence[Callee]:
    """Return what an expression's value can be that is called; nothing where it may be another."""
    looking = _Looking(source)
    looking.take(called, (), scope, environment, _DEEPEST)
    return [] if looking.lost else list(looking.callees)


class _Looking:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.callees: dict[Callee, None] = {}
        self.lost = False

    def take(
        self, value: ast.AST, way: Path, scope: Scope, environment: Environment, left: int
    ) -> None:
        """Take what a part of an expression's value is."""
        self.lost = self.lost or not left or len(self.callees) > _MOST
        for piece in pieces(value, way) if not self.lost else ():
            node, path = piece.node, None if piece.alone else element_of(piece.node)[0]
            if path is not None:
                self._follow((*path, *piece.way), node, scope, environment, left - 1)
            elif isinstance(node, _FUNCTIONS) and not piece.way:
                self.callees[Callee(node)] = None
            elif isinstance(node, ast.Call) and name_of(node) == "partial" and not piece.way:
                self._partial(node, scope, environment)
            elif isinstance(node, ast.Subscript):
                way = (*(parts_at(node.slice) or (SOME,)), *piece.way)
                self.take(node.value, way, scope, environment, left - 1)
            elif isinstance(node, ast.IfExp):
                self.take(node.body, piece.way, scope, environment, left - 1)
                self.take(node.orelse, piece.way, scope, environment, left - 1)
            else:
                self.lost = True

    def _partial(self, call: ast.Call, scope: Scope, environment: Environment) -> None:
        starred = any(isinstance(item, ast.Starred) for item in call.args)
        held = held_in(self.source, call.args[0], scope, environment) if call.args else ()
        self.lost = self.lost or starred or not held or any(item.partial for item in held)
        self.callees.update((Callee(item.node, call), None) for item in held)

    def _follow(
        self, path: Path, node: ast.AST, scope: Scope, environment: Environment, left: int
    ) -> None:
        definitions, older = reaching(path, environment)
        met = [self._definition(item, path, left) for item in definitions]
        if older:
            met += self._older(path, scope, environment, left)
        if not any(met):
            self.lost = self.lost or not _is_of_library(path)
            self.callees[Callee(node)] = None

    def _older(
        self, path: Path, scope: Scope, environment: Environment, left: int
    ) -> Iterator[bool]:
        """Follow what a path was before its function began; yield whether it gives one."""
        if path[0] == scope.own and len(path) > 1:
            owners = classes_of(self.source, path[:1], scope, environment)
            for item in [*stores(self.source, path[1], owners, path[:1], environment)]:
                whole = joined_to(item.target, path[1], path[2:])
                yield bool(whole) and self._definition(item, whole, left)
        elif path[0] in scope.parameters:
            yield self._parameter(path, scope, left)
        else:
            for item, known_as in [*given_around(self.source, path, scope, keyed=True)]:
                yield self._definition(item, known_as, left)

    def _definition(self, item: Definition, path: Path, left: int) -> bool:
        """Take what a definition gives a path; say whether it gives that something."""
        suffix = path[len(item.target) :]
        if item.call:
            self.lost = self.lost or bool(suffix and not _is_method_of(item))
            return False
        if item.value is None or len(item.target) > len(path):
            return False
        if isinstance(item.value, _FUNCTIONS):
            self.callees[Callee(item.value)] = None
            return True
        inner = within(item, suffix) if item.change else suffix
        if inner is None:
            return False
        suffix = inner
        if isinstance(item.value, ast.Name) and item.value.id in item.scope.parameters:
            key = path[len(item.target)] if item.key else ""
            return self._parameter((item.value.id, *suffix), item.scope, left, (item.key, key))
        self.take(item.value, (*item.taken, *suffix), item.scope, item.before, left)
        return True

    def _parameter(
        self, path: Path, scope: Scope, left: int, key: tuple[str, str] = ("", "")
    ) -> bool:
        """Take what a function is called with, or decorates, as what a parameter of it is: with a
        key where another parameter, of it or of the function around it, is that.
        """
        keys = _keys(scope, key)
        is_given = self._decorated(scope, key) if path == scope.parameters[:1] else False
        for call, other, environment in calls_by_name(self.source, _name(scope), scope):
            if may_give(call, keys, scope):
                for argument, wanted in given_for(call, path, scope):
                    self.take(argument, wanted[1:], other, environment, left)
                    is_given = True
        self.lost = self.lost or not is_given
        return is_given

    def _decorated(self, scope: Scope, key: tuple[str, str]) -> bool:
        """Take the functions that a function decorates, or one that it makes for that."""
        is_given = False
        for function, decorator in self.source.decorated:
            made = isinstance(decorator, ast.Call)
            own = scope.outer if made else scope
            path = element_of(decorator.func if isinstance(decorator, ast.Call) else decorator)[0]
            if own is None or path is None or path[-1] != _name(own):
                continue
            if not isinstance(decorator, ast.Call) or may_give(decorator, _keys(own, key), own):
                self.callees[Callee(function)] = None
                self.lost = self.lost or not isinstance(function, _FUNCTIONS)
                is_given = True
        return is_given


def _keys(scope: Scope, key: tuple[str, str]) -> Keys:
    return ((scope, *key),) if key[0] in scope.parameters and is_key(key[1]) else ()


def _is_method_of(item: Definition) -> bool:
    """Say whether a call that may change a thing is of a method of it, which is read as what it
    puts there.
    """
    call = item.value
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)


def _is_of_library(path: Path) -> bool:
    return (path[0] in _KNOWN and len(path) > 1) or (len(path) == 1 and path[0] in vars(builtins))


def _name(scope: Scope) -> str:
    """Return what a call of a function is named: of ``__init__``, the class."""
    name: str = getattr(scope.node, "name", "")
    return scope.owner if name == "__init__" else name


def calls_by_name(
    source: Source, name: str, scope: Scope
) -> Iterator[tuple[ast.Call, Scope, Environment]]:
    """Yield the calls by the name of a function, and by those that it is imported under."""
    others = [alias for alias, original in source.renamed.items() if original == name]
    for called in (name, *others):
        for other in source.scopes_with(called):
            if _means(source, called, other, scope):
                for call, environment in other.calls.get(called, ()):
                    yield call, other, environment


def _means(source: Source, name: str, other: Scope, scope: Scope) -> bool:
    """Say whether a name in another scope can mean a function: not where its file has its own."""
    if scope.owner or other.file is scope.file:
        return True
    return not any(
        source.scope(item).file is other.file
        for item in source.callables.get(name, ())
        if not source.functions[id(item)][1]
    )
