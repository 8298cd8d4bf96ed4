"""Which names a value was computed from, by the source alone.

Reaching definitions within each function of a file.

A definition is an assignment or a change of what a name holds. An assignment ends the definitions
before it, a change adds to them.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from linecache import getlines

from gradviz.recording.expressions import Path, arguments_of, name_of, path_of, root_of

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module

_CHANGES = frozenset(
    "append extend insert add update appendleft push put setdefault fill itemset __setitem__"
    " __iadd__ __imul__ __isub__".split()
)
# Of these, what gives all that the name holds a new value
_FILLS = frozenset(("fill", "copyto"))
_CHANGES_FIRST = frozenset(
    "copyto put place putmask fill_diagonal heappush insort setitem at memmove memcpy".split()
)
_PASSES = 3  # over the body of a loop, after which nothing new comes round


@dataclass(eq=False, slots=True)
class Definition:
    """A place where a path gets a value, or what it holds is changed.

    Attributes:
        target: The path.
        value: The expression; a function's own node for a ``def``; None for what is imported.
        part: Which element of the value, where that is unpacked; None for the whole.
        change: It adds to what the path stood for.
        call: Only by a call that may change its argument: it counts where the call was seen to do
            so.
        scope: The function it stands in.
        before: What the paths stood for when the value was computed.
        keyed: It fills one element, whose key is computed.
    """

    target: Path
    value: ast.AST | None
    part: int | None
    change: bool
    call: bool
    scope: "Scope"
    before: "Environment" = field(default_factory=dict)
    keyed: bool = False


Environment = dict[Path, frozenset[Definition]]


BEFORE = Definition((), None, None, False, False, None)  # type: ignore[arg-type]  # what a path stood for before the function began


@dataclass(eq=False)
class Scope:
    """One function, or a file's own level, and what its paths stand for at each statement.

    Attributes:
        node: The function.
        owner: Name of the class whose method it is; empty for any other.
        outer: The scope around it.
        parameters: Their names, in order.
        outside: Names that it declares global or nonlocal.
        definitions: All in it.
        at: What the paths stand for as a statement is run, by the statement's identity.
        calls: The calls in it by the last part of their names, and what the paths stand for there.
        results: What it returns or yields, as a list of expressions: several where it returns a
            tuple.
    """

    node: Function
    owner: str = ""
    outer: "Scope | None" = None
    parameters: tuple[str, ...] = ()
    outside: set[str] = field(default_factory=set)
    definitions: list[Definition] = field(default_factory=list)
    at: dict[int, Environment] = field(default_factory=dict)
    calls: dict[str, list[tuple[ast.Call, Environment]]] = field(default_factory=dict)
    results: list[tuple[list[ast.AST], Environment]] = field(default_factory=list)

    @property
    def locals(self) -> set[str]:
        """Names that are its own."""
        assigned = {
            one.target[0] for one in self.definitions if len(one.target) == 1 and not one.change
        }
        return (assigned | set(self.parameters)) - self.outside


# Definitions


_BEFORE = frozenset((BEFORE,))


class _Reader:
    """Goes through one function's statements in order and keeps what each path stands for."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.made: dict[tuple[int, Path, int | None], Definition] = {}
        # At each break, at each continue
        self.loops: list[tuple[list[Environment], list[Environment]]] = []

    def read(self) -> None:
        node = self.scope.node
        if isinstance(node, ast.Lambda):
            here = self._expression(node.body, {})
            self.scope.at[id(node.body)] = here
            self.scope.results.append((_elements(node.body), here))
        else:
            self._block(node.body, {})

    # Statements: each takes what the paths stand for and returns it as it is after; None where
    # nothing comes after

    def _block(self, statements: list[ast.stmt], here: Environment) -> Environment | None:
        after: Environment | None = here
        for statement in statements:
            if after is None:
                return None
            after = self._statement(statement, after)
        return after

    def _statement(self, node: ast.stmt, here: Environment) -> Environment | None:
        for part in _own_expressions(node):
            here = self._expression(part, here)
        known = self.scope.at.get(id(node))
        here = _joined(known, here) or here
        self.scope.at[id(node)] = here
        if isinstance(node, ast.If):
            return _joined(self._block(node.body, here), self._block(node.orelse, here))
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            return self._loop(node, here)
        if isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    here = self._into(item.optional_vars, item.context_expr, here)
            return self._block(node.body, here)
        if isinstance(node, (ast.Try, ast.TryStar)):
            return self._try(node, here)
        if isinstance(node, ast.Match):
            return self._match(node, here)
        return self._simple(node, here)

    def _simple(self, node: ast.stmt, here: Environment) -> Environment | None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                here = self._into(target, node.value, here)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            here = self._into(node.target, node.value, here)
        elif isinstance(node, ast.AugAssign):
            here = self._define(root_of(node.target), node.value, here, change=True)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in node.names:
                here = self._define(((name.asname or name.name).partition(".")[0],), None, here)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            here = self._define(
                (node.name,), None if isinstance(node, ast.ClassDef) else node, here
            )
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            self.scope.outside.update(node.names)
        elif isinstance(node, ast.Return):
            if node.value is not None:
                self.scope.results.append((_elements(node.value), here))
            return None
        elif isinstance(node, ast.Raise):
            return None
        elif isinstance(node, (ast.Break, ast.Continue)) and self.loops:
            self.loops[-1][isinstance(node, ast.Continue)].append(here)
            return None
        return here

    def _loop(
        self, node: ast.For | ast.AsyncFor | ast.While, here: Environment
    ) -> Environment | None:
        after: Environment | None = here
        for _ in range(_PASSES):
            self.loops.append(([], []))
            inside = (
                here if isinstance(node, ast.While) else self._each(node.target, node.iter, here)
            )
            end = self._block(node.body, inside)
            breaks, continues = self.loops.pop()
            again = here
            for one in (end, *continues):
                again = _joined(again, one) or again
            after = again
            for one in breaks:
                after = _joined(after, one) or after
            if again == here:
                break
            here = again
        return self._block(node.orelse, after) if node.orelse and after is not None else after

    def _each(self, target: ast.expr, source: ast.expr, here: Environment) -> Environment:
        """Let a loop's names stand for the elements of what it goes through.

        Of zip() each for its own.
        """
        if isinstance(source, ast.Call) and isinstance(target, (ast.Tuple, ast.List)):
            name = name_of(source)
            if name == "zip" and len(source.args) == len(target.elts):
                for item, argument in zip(target.elts, source.args, strict=True):
                    here = self._each(item, argument, here)
                return here
            if name == "enumerate" and source.args and len(target.elts) == 2:
                here = self._into(target.elts[0], ast.copy_location(ast.Constant(0), target), here)
                return self._each(target.elts[1], source.args[0], here)
        return self._into(target, source, here, split=False)

    def _try(self, node: ast.Try | ast.TryStar, here: Environment) -> Environment | None:
        body = self._block(node.body, here)
        start = _joined(here, body)
        ends = [self._block(node.orelse, body) if body is not None else None]
        ends += [self._block(handler.body, start or here) for handler in node.handlers]
        after: Environment | None = None
        for end in ends:
            after = _joined(after, end)
        if node.finalbody:
            ended = self._block(node.finalbody, after if after is not None else here)
            return ended if after is not None else None
        return after

    def _match(self, node: ast.Match, here: Environment) -> Environment | None:
        after: Environment | None = here
        for case in node.cases:
            inside = here
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    inside = self._define((name,), node.subject, inside)
            after = _joined(after, self._block(case.body, inside))
        return after

    # What an expression changes besides giving a value

    def _expression(self, node: ast.AST, here: Environment) -> Environment:
        for part in _within(node):
            if isinstance(part, ast.NamedExpr):
                here = self._into(part.target, part.value, here)
            elif isinstance(part, (ast.Yield, ast.YieldFrom)) and part.value is not None:
                self.scope.results.append(([part.value], here))
            elif isinstance(part, ast.Call):
                here = self._call(part, here)
        return here

    def _call(self, call: ast.Call, here: Environment) -> Environment:
        name = name_of(call)
        self.scope.calls.setdefault(name, []).append((call, here))
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        changed: Path | None = None
        into: ast.expr | None = None
        if isinstance(call.func, ast.Attribute) and call.args and name in _CHANGES:
            into = call.func.value
        elif len(call.args) > 1 and name in _CHANGES_FIRST:
            into, values = call.args[0], values[1:]
        elif isinstance(call.func, ast.Attribute) and name == "clear" and not values:
            here = self._emptied(call.func.value, here)
        if into is not None:
            changed = root_of(into)
            if name in _FILLS and len(values) == 1 and _is_path(into):
                here = self._emptied(into, here)
        elif name == "setattr" and len(call.args) == 3 and isinstance(call.args[1], ast.Constant):
            root = root_of(call.args[0])
            changed = None if root is None else (*root, str(call.args[1].value))
        for value in values if changed is not None else ():
            here = self._define(changed, value, here, change=True)
        for keyword in call.keywords:
            if keyword.arg == "out":
                here = self._define(root_of(keyword.value), call, here, change=True)
        receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        for argument in (*receiver, *call.args, *(keyword.value for keyword in call.keywords)):
            path = root_of(argument)
            if path is not None and path[0] not in ("self", "cls"):
                here = self._define(path, call, here, change=True, call=True)
        return here

    # One definition

    def _into(
        self,
        target: ast.expr,
        value: ast.AST,
        here: Environment,
        *,
        split: bool = True,
        part: int | None = None,
    ) -> Environment:
        if isinstance(target, (ast.Tuple, ast.List)):
            whole = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
            plain = split and not any(isinstance(item, ast.Starred) for item in target.elts)
            for index, item in enumerate(target.elts):
                if plain and whole and not any(isinstance(one, ast.Starred) for one in value.elts):  # type: ignore[attr-defined]
                    here = self._into(item, value.elts[index], here)  # type: ignore[attr-defined]
                else:
                    here = self._into(item, value, here, split=split, part=index if plain else None)
            return here
        if isinstance(target, ast.Starred):
            return self._into(target.value, value, here)
        if isinstance(target, ast.Subscript) and _is_all(target.slice):
            here = self._emptied(target.value, here)
        path, indices = path_of(target)
        if path is None or indices:  # some element of it
            keyed = len(indices) == 1 and isinstance(indices[0], (ast.Name, ast.Attribute))
            return self._define(root_of(target), value, here, change=True, keyed=keyed)
        return self._define(path, value, here, part=part)

    def _emptied(self, target: ast.expr, here: Environment) -> Environment:
        """Let what was in a container be over, as all of it is removed or written anew."""
        return self._define(path_of(target)[0], None, here) if _is_path(target) else here

    def _define(
        self,
        path: Path | None,
        value: ast.AST | None,
        here: Environment,
        *,
        part: int | None = None,
        change: bool = False,
        call: bool = False,
        keyed: bool = False,
    ) -> Environment:
        if path is None:
            return here
        key = (id(value), path, part)
        made = self.made.get(key)
        if made is None:
            made = self.made[key] = Definition(
                path, value, part, change, call, self.scope, here, keyed
            )
            self.scope.definitions.append(made)
        else:
            made.before = _joined(made.before, here) or here
            made.call = made.call and call
        if change:
            after = dict(here)
            after[path] = here.get(path, _BEFORE) | {made}
            for known, held in here.items():
                if len(known) > len(path) and known[: len(path)] == path:
                    after[known] = held | {made}
            return after
        after = {known: held for known, held in here.items() if known[: len(path)] != path}
        after[path] = frozenset((made,))
        return after


def _is_path(node: ast.expr) -> bool:
    """Say whether an expression is a name, or attributes and constant keys of one."""
    path, indices = path_of(node)
    return path is not None and not indices


def _is_all(index: ast.expr) -> bool:
    """Say whether an index means every element."""
    if isinstance(index, ast.Tuple):
        return bool(index.elts) and all(map(_is_all, index.elts))
    if isinstance(index, ast.Slice):
        return index.lower is None and index.upper is None and index.step is None
    return isinstance(index, ast.Constant) and index.value is Ellipsis


def _joined(first: Environment | None, second: Environment | None) -> Environment | None:
    if first is None or second is None or first is second:
        return second if first is None else first
    joined = {path: held | second.get(path, _BEFORE) for path, held in first.items()}
    joined.update((path, held | _BEFORE) for path, held in second.items() if path not in first)
    return joined


def _elements(value: ast.AST) -> list[ast.AST]:
    return (
        [*value.elts]
        if isinstance(value, ast.Tuple)
        and not any(isinstance(one, ast.Starred) for one in value.elts)
        else [value]
    )


def _own_expressions(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield the expressions of a statement, without the statements in it."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    for _, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.expr):
                yield part
            elif isinstance(part, ast.withitem):
                yield part.context_expr


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what an expression is made of, innermost first, without the bodies of
    functions in it.
    """
    for part in ast.iter_child_nodes(node):
        if not isinstance(part, ast.Lambda):
            yield from _within(part)
    yield node


# Files


@dataclass(eq=False)
class Source:
    """A file's functions and what they define.

    Attributes:
        tree: As parsed.
        functions: By identity: the function, the class whose method it is, and the function around
            it.
        words: By function: every name and attribute in it, to leave out what need not be read.
        bases: Names of the classes above each class, by its name.
        scopes: Each function's, read when it is first asked for.
    """

    tree: ast.Module
    functions: dict[int, tuple[Function, str, Function | None]]
    words: dict[int, set[str]]
    bases: dict[str, set[str]]
    scopes: dict[int, Scope] = field(default_factory=dict)

    def scope(self, node: Function) -> Scope:
        """Return a function's scope."""
        known = self.scopes.get(id(node))
        if known is None:
            _, owner, around = self.functions[id(node)]
            outer = None if around is None else self.scope(around)
            known = self.scopes[id(node)] = Scope(
                node, owner, outer, tuple(argument.arg for argument in arguments_of(node))
            )
            _Reader(known).read()
        return known

    def scopes_with(self, word: str) -> list[Scope]:
        """Return the scopes in which a name or attribute occurs."""
        return [
            self.scope(node)
            for node, _, _ in self.functions.values()
            if word in self.words[id(node)]
        ]

    def is_related(self, first: str, second: str) -> bool:
        """Say whether an object can be of both classes, as far as the file tells."""
        return first == second or first in self._above(second) or second in self._above(first)

    def _above(self, name: str) -> set[str]:
        above: set[str] = set()
        pending = [name]
        while pending:
            for base in self.bases.get(pending.pop(), ()):
                if base not in above:
                    above.add(base)
                    pending.append(base)
        return above


@lru_cache(maxsize=128)
def source_of(filename: str) -> Source | None:
    """Return a file as read; None where it cannot be."""
    try:
        tree = ast.parse("".join(getlines(filename)))
    except (SyntaxError, ValueError, RecursionError):
        return None
    if not tree.body:
        return None
    functions: dict[int, tuple[Function, str, Function | None]] = {id(tree): (tree, "", None)}
    words: dict[int, set[str]] = {id(tree): set()}
    bases: dict[str, set[str]] = {}
    stack: list[tuple[ast.AST, str, Function]] = [(tree, "", tree)]
    while stack:
        node, owner, around = stack.pop()
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.ClassDef):
                bases[part.name] = {
                    path[-1] for base in part.bases for path in [root_of(base)] if path
                }
                stack.append((part, part.name, around))
            elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                functions[id(part)] = (part, owner, around)
                words[id(part)] = {argument.arg for argument in arguments_of(part)}
                if not isinstance(part, ast.Lambda):
                    words[id(around)].add(part.name)
                stack.append((part, "", part))
            else:
                if isinstance(part, ast.Name):
                    words[id(around)].add(part.id)
                elif (
                    isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and part.value.isidentifier()
                ):
                    words[id(around)].add(part.value)  # as setattr takes it
                elif isinstance(part, ast.Attribute):
                    words[id(around)].add(part.attr)
                stack.append((part, owner, around))
    return Source(tree, functions, words, bases)
