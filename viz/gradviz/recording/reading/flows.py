"""Which names a value was computed from, by the source alone.

Reaching definitions within each function of a file.
"""

import ast
from collections.abc import Container, Iterable, Iterator

from gradviz.recording.reading.definitions import (
    BEFORE,
    Definition,
    Environment,
    Scope,
)
from gradviz.recording.reading.expressions import Path, path_of, root_of, way_into
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.targets import Target, targets, targets_in_turn

_CHANGES = frozenset(
    "append extend insert add update appendleft push put setdefault fill itemset __setitem__"
    " __iadd__ __imul__ __isub__".split()
)
_TAKES = frozenset("set set_result send put_nowait".split())  # and keeps the one thing it is given
_ARRAYS = frozenset("np numpy torch".split())  # no method of theirs gives memory of their own
# Of these, what gives all that the name holds a new value
_FILLS = frozenset(("fill", "copyto"))
_CHANGES_FIRST = frozenset(
    "copyto put place putmask fill_diagonal heappush insort setitem at memmove memcpy".split()
)
# Calls that change nothing that they are given
_READS = frozenset(
    "len sum min max abs round int float bool str list tuple set dict frozenset enumerate zip"
    " sorted reversed range iter isinstance print any all map filter repr"
    " hasattr getattr issubclass type id callable nlargest nsmallest".split()
)
_READ_METHODS = frozenset(
    "items values keys get index count modules children named_modules named_children nlargest"
    " nsmallest".split()
)
_PASSES = 3  # over the body of a loop, after which nothing new comes round


# Definitions


_BEFORE = frozenset((BEFORE,))


class Reader:
    """Goes through one function's statements in order and keeps what each path stands for."""

    def __init__(self, scope: Scope, own: Container[str]) -> None:
        """Take a function, and the names of the file's own functions."""
        self.scope, self.own = scope, own
        self.made: dict[tuple[int, Path, Path, bool], Definition] = {}
        # At each break, at each continue
        self.loops: list[tuple[list[Environment], list[Environment]]] = []

    def read(self) -> None:
        node = self.scope.node
        if isinstance(node, ast.Lambda):
            environment = self._expression(node.body, {})
            self.scope.at[id(node.body)] = environment
            self.scope.results.append((_elements(node.body), environment))
        else:
            self._block(node.body, {})

    # Statements: each takes what the paths stand for and returns it as it is after; None where
    # nothing comes after

    def _block(self, statements: list[ast.stmt], environment: Environment) -> Environment | None:
        after: Environment | None = environment
        for statement in statements:
            if after is None:
                return None
            after = self._statement(statement, after)
        return after

    def _statement(self, node: ast.stmt, environment: Environment) -> Environment | None:
        for part in _own_expressions(node):
            environment = self._expression(part, environment)
        earlier = self.scope.at.get(id(node))
        environment = _joined(earlier, environment) or environment
        self.scope.at[id(node)] = environment
        if isinstance(node, ast.If):
            return _joined(
                self._block(node.body, environment), self._block(node.orelse, environment)
            )
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            return self._loop(node, environment)
        if isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    environment = self._into(item.optional_vars, item.context_expr, environment)
            return self._block(node.body, environment)
        if isinstance(node, (ast.Try, ast.TryStar)):
            return self._try(node, environment)
        if isinstance(node, ast.Match):
            return self._match(node, environment)
        return self._simple(node, environment)

    def _simple(self, node: ast.stmt, environment: Environment) -> Environment | None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                environment = self._into(target, node.value, environment)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            environment = self._into(node.target, node.value, environment)
        elif isinstance(node, ast.AugAssign):
            environment = self._define(
                root_of(node.target),
                node.value,
                environment,
                change=True,
                into=_into_element(node.target),
                key=_key_in(node.target),
                places=path_of(node.target)[1],
            )
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in node.names:
                environment = self._define(
                    ((name.asname or name.name).partition(".")[0],), None, environment
                )
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            environment = self._define(
                (node.name,), None if isinstance(node, ast.ClassDef) else node, environment
            )
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            self.scope.outside.update(node.names)
        elif isinstance(node, ast.Return):
            if node.value is not None:
                self.scope.results.append((_elements(node.value), environment))
            return None
        elif isinstance(node, ast.Raise):
            return None
        elif isinstance(node, (ast.Break, ast.Continue)) and self.loops:
            self.loops[-1][isinstance(node, ast.Continue)].append(environment)
            return None
        return environment

    def _loop(
        self, node: ast.For | ast.AsyncFor | ast.While, environment: Environment
    ) -> Environment | None:
        after: Environment | None = environment
        for _ in range(_PASSES):
            self.loops.append(([], []))
            inside = environment
            if not isinstance(node, ast.While):
                for target in targets_in_turn(node.target, node.iter):
                    inside = self._give(target, inside)
            end = self._block(node.body, inside)
            breaks, continues = self.loops.pop()
            again = environment
            for end_of_turn in (end, *continues):
                again = _joined(again, end_of_turn) or again
            after = again
            for end_of_turn in breaks:
                after = _joined(after, end_of_turn) or after
            if again == environment:
                break
            environment = again
        return self._block(node.orelse, after) if node.orelse and after is not None else after

    def _try(self, node: ast.Try | ast.TryStar, environment: Environment) -> Environment | None:
        body = self._block(node.body, environment)
        start = _joined(environment, body)
        ends = [self._block(node.orelse, body) if body is not None else None]
        ends += [self._block(handler.body, start or environment) for handler in node.handlers]
        after: Environment | None = None
        for end in ends:
            after = _joined(after, end)
        if node.finalbody:
            ended = self._block(node.finalbody, after if after is not None else environment)
            return ended if after is not None else None
        return after

    def _match(self, node: ast.Match, environment: Environment) -> Environment | None:
        after: Environment | None = environment
        for case in node.cases:
            inside = environment
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    inside = self._define((name,), node.subject, inside)
            after = _joined(after, self._block(case.body, inside))
        return after

    # What an expression changes besides giving a value

    def _expression(self, node: ast.AST, environment: Environment) -> Environment:
        for part in _within(node):
            if isinstance(part, ast.NamedExpr):
                environment = self._into(part.target, part.value, environment)
            elif isinstance(part, (ast.Yield, ast.YieldFrom)) and part.value is not None:
                self.scope.results.append(([part.value], environment))
            elif isinstance(part, ast.Call):
                environment = self._call(part, environment)
        return environment

    def _call(self, call: ast.Call, environment: Environment) -> Environment:
        name = name_of(call)
        self.scope.calls.setdefault(name, []).append((call, environment))
        environment = self._changed(call, name, environment)
        for keyword in call.keywords:
            if keyword.arg == "out":
                environment = self._define(root_of(keyword.value), call, environment, change=True)
        receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        if name in (_READS if not receiver else _READ_METHODS):
            return environment
        for argument in (*receiver, *call.args, *(keyword.value for keyword in call.keywords)):
            path = root_of(argument)
            if path is not None and path[0] not in ("self", "cls", *_ARRAYS):
                environment = self._define(path, call, environment, change=True, call=True)
        return environment

    def _changed(self, call: ast.Call, name: str, environment: Environment) -> Environment:
        """Return the environment after a call whose name says that it puts something into
        something else.
        """
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        changed: Path | None = None
        before = environment
        into: ast.expr | None = None
        changes = name in _CHANGES or (name in _TAKES and len(values) == 1)
        owner = _owner(call)
        if owner is not None and call.args and changes:
            into = owner
        elif len(call.args) > 1 and name in _CHANGES_FIRST and not self._is_own(call):
            into, values = call.args[0], values[1:]
        elif owner is not None and name == "clear" and not values:
            environment = self._emptied(owner, environment)
        if into is not None:
            changed = root_of(into)
            if name in _FILLS and len(values) == 1 and _is_path(into):
                environment = self._emptied(into, environment)
        elif name == "setattr" and len(call.args) == 3 and isinstance(call.args[1], ast.Constant):
            root = root_of(call.args[0])
            changed = None if root is None else (*root, str(call.args[1].value))
        inside = () if into is None else _into_element(into)
        key = _key_in(call if name == "setdefault" or into is None else into)
        for value in values if changed is not None else ():
            environment = self._define(
                changed, value, environment, before, change=True, by=name, into=inside, key=key
            )
        return environment

    def _is_own(self, call: ast.Call) -> bool:
        return isinstance(call.func, ast.Name) and call.func.id in self.own

    # One definition

    def _into(self, node: ast.expr, value: ast.AST, environment: Environment) -> Environment:
        for target in targets(node, value):
            environment = self._give(target, environment)
        return environment

    def _give(self, target: Target, environment: Environment) -> Environment:
        node, value, taken = target
        before = environment
        if isinstance(node, ast.Subscript) and _is_all(node.slice):
            environment = self._emptied(node.value, environment)
        path, indices = path_of(node)
        if path is None and (given := _array_of(node)):
            for root in given:
                environment = self._define(
                    root,
                    value,
                    environment,
                    before,
                    taken=taken,
                    change=True,
                    by="[]",
                    into=way_into(node),
                )
            return environment
        if path is None or indices:  # some element of it
            keyed = len(indices) == 1 and isinstance(indices[0], (ast.Name, ast.Attribute))
            return self._define(
                root_of(node),
                value,
                environment,
                before,
                taken=taken,
                change=True,
                keyed=keyed,
                by="[]",
                into=way_into(node),
                key=_key_in(node),
                places=indices,
            )
        return self._define(path, value, environment, taken=taken)

    def _emptied(self, target: ast.expr, environment: Environment) -> Environment:
        """Return the names once a container has been emptied, or all of it written anew."""
        return (
            self._define(path_of(target)[0], None, environment) if _is_path(target) else environment
        )

    def _define(
        self,
        path: Path | None,
        value: ast.AST | None,
        environment: Environment,
        before: Environment | None = None,
        *,
        taken: Path = (),
        change: bool = False,
        call: bool = False,
        keyed: bool = False,
        by: str = "",
        into: Path = (),
        key: str = "",
        places: Iterable[ast.expr] = (),
    ) -> Environment:
        if path is None:
            return environment
        before = environment if before is None else before  # as the value is computed
        place = (id(value), path, taken, call)
        made = self.made.get(place)
        if made is None:
            at = tuple(item for item in places if not isinstance(item, ast.Constant))
            made = self.made[place] = Definition(
                path, value, taken, change, call, self.scope, before, keyed, by, into, key, at
            )
            self.scope.definitions.append(made)
        else:
            made.before = _joined(made.before, before) or before
        if change:
            after = dict(environment)
            after[path] = environment.get(path, _BEFORE) | {made}
            for other, held in environment.items():
                if len(other) > len(path) and other[: len(path)] == path:
                    after[other] = held | {made}
            return after
        after = {other: held for other, held in environment.items() if other[: len(path)] != path}
        after[path] = frozenset((made,))
        return after


def _array_of(node: ast.expr) -> list[Path]:
    """Return what an array is made of that is written to as it is made: ``buffer`` of
    ``np.frombuffer(buffer)[0] = x``.
    """
    inner = node.value if isinstance(node, ast.Subscript) else node
    if not isinstance(inner, ast.Call) or not isinstance(inner.func, ast.Attribute):
        return []
    if not _is_package(inner.func.value):
        return []
    roots = map(root_of, (*inner.args, *(word.value for word in inner.keywords)))
    return [root for root in roots if root is not None and root[0] not in _ARRAYS]


def _owner(call: ast.Call) -> ast.expr | None:
    """Return the object whose method is called; None for a function, also a package's."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return None if owner is None or _is_package(owner) else owner


def _is_package(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in _ARRAYS


def _is_path(node: ast.expr) -> bool:
    """Say whether an expression is a name, or attributes and constant keys of one."""
    path, indices = path_of(node)
    return path is not None and not indices


def _into_element(node: ast.expr) -> Path:
    """Return the way to the element that is changed; nothing where that is no element."""
    return () if _is_path(node) else way_into(node)


def _key_in(node: ast.AST) -> str:
    """Return the name by which an expression chooses an element of a path: ``k`` of ``d[k]`` and of
    ``d.setdefault(k, [])``; nothing for any other.
    """
    key: ast.AST | None = None
    if isinstance(node, ast.Subscript):
        key, owner = node.slice, node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        key, owner = node.args[0] if name_of(node) == "setdefault" else None, node.func.value
    return key.id if isinstance(key, ast.Name) and _is_path(owner) else ""


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
    joined = {path: _union(held, second.get(path, _BEFORE)) for path, held in first.items()}
    joined.update(
        (path, _union(held, _BEFORE)) for path, held in second.items() if path not in first
    )
    return joined


def _union(first: frozenset[Definition], second: frozenset[Definition]) -> frozenset[Definition]:
    """Return a union; the same object where it is one of the two, as it mostly is."""
    if first is second or second <= first:
        return first
    return second if first <= second else first | second


def _elements(value: ast.AST) -> list[ast.AST]:
    return (
        [*value.elts]
        if isinstance(value, ast.Tuple)
        and not any(isinstance(item, ast.Starred) for item in value.elts)
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
