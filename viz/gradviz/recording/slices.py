"""What the arguments of a call were computed from, by the source.

Expressions, followed backwards from the call.

Within a function by reaching definitions; beyond it into the functions of the same file that a
value is returned by, and into what they store in attributes, globals and the variables around them.
What a function is given is followed by who knows its caller.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import CodeType

from gradviz.recording.call_arguments import arguments_for, roots_of, without
from gradviz.recording.definitions import EACH, Definition, Environment, Scope, reaching
from gradviz.recording.expressions import (
    Path,
    Range,
    name_of,
    part_of,
    path_of,
    range_of,
    read_in,
    reads,
    root_of,
)
from gradviz.recording.instructions import place_of, scope_of
from gradviz.recording.sources import Source
from gradviz.recording.ways import DIRECT, Expression, Slice, Way, has_moved, is_all_of, joined_to
from gradviz.recording.where import by_file

# Definitions that are followed; of a value that hangs together with more, nothing is said
_MOST = 400


# Slices


@by_file
def names_at(
    code: CodeType, lasti: int, wanted: tuple[Path, ...] | None, callee: CodeType | None
) -> tuple[Path, ...]:
    """Return the paths in the call at an instruction, or in its arguments for some of the callee's
    parameters.
    """
    return tuple(dict.fromkeys(path for path, _ in _starts(code, lasti, wanted, callee)))


@by_file
def backward_slice(
    code: CodeType,
    lasti: int,
    names: frozenset[Path],
    wanted: tuple[Path, ...] | None,
    callee: CodeType | None,
) -> Slice | None:
    """Return what the arguments of the call at an instruction are computed from.

    Args:
        code: The function's.
        lasti: The instruction.
        names: Paths in the call that are to be followed.
        wanted: The callee's parameters that matter; None for every argument.
        callee: Whose parameters these are.
    """
    found, place = scope_of(code), place_of(code, lasti)
    if found is None or place is None:
        return None
    slicer = Slicer(found[0], found[1])
    for path, root in _starts(code, lasti, wanted, callee):
        slicer.expressions[Expression(range_of(root))] = None
        if path in names:
            slicer.pending.append((path, found[1], place[1], DIRECT, 0))
    return slicer.finished()


def _starts(
    code: CodeType, lasti: int, wanted: tuple[Path, ...] | None, callee: CodeType | None
) -> list[tuple[Path, ast.AST]]:
    place = place_of(code, lasti)
    if place is None:
        return []
    if wanted is None:
        return [(path, root) for root in roots_of(place[0]) for path in [*reads(root)] or [()]]
    called = None if callee is None else scope_of(callee)
    starts: list[tuple[Path, ast.AST]] = []
    for parameter in wanted:
        for root in arguments_for(place[0], parameter, None if called is None else called[1]):
            own, _ = path_of(root)
            if own is not None and len(parameter) > 1:
                starts.append(((*own, *parameter[1:]), root))
            else:
                starts += [(path, root) for path in [*reads(root)] or [()]]
    return starts


def _passed_on(source: Source, scope: Scope) -> frozenset[str] | None:
    """Return the parameters that what a function returns has something of; None where that cannot
    be told.
    """
    node = scope.node
    if id(node) in source.passed:
        return source.passed[id(node)]
    source.passed[id(node)] = None  # of a function that calls itself nothing is said
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Global, ast.Nonlocal)
    plain = (
        isinstance(node, ast.FunctionDef)
        and not node.decorator_list
        and node.args.vararg is None
        and node.args.kwarg is None
        and not any(isinstance(part, inner) for part in ast.walk(node) if part is not node)
    )
    slicer = Slicer(source, scope)
    for values, environment in scope.results if plain else ():
        for value in values:
            slicer.value(value, None, scope, environment)
    sliced = slicer.finished() if plain else None
    if sliced is not None and not sliced.calls:
        source.passed[id(node)] = frozenset(path[0] for path in sliced.parameters)
    return source.passed[id(node)]


@dataclass(slots=True)
class Slicer:
    """Follows expressions backwards, through the functions of a file."""

    source: Source
    start: Scope
    expressions: dict[Expression, None] = field(default_factory=dict)
    calls: dict[Range, None] = field(default_factory=dict)
    parameters: dict[Path, None] = field(default_factory=dict)
    followed: set[tuple[int, Path, Way]] = field(default_factory=set)
    pending: list[tuple[Path, Scope, Environment, Way, int]] = field(default_factory=list)

    def value(
        self,
        value: ast.AST,
        part: int | None,
        scope: Scope,
        environment: Environment,
        way: Way = DIRECT,
    ) -> None:
        """Take an expression as one that is computed from, and all that it reads."""
        read = () if way.computed else tuple(read_in(value))
        unread = self._unread(value, scope, environment)
        ranges = tuple(range_of(argument) for argument in unread)
        if not way.quiet:
            self.expressions[
                Expression(range_of(value), part, way.object, not way.kept, way.loose, read, ranges)
            ] = None
        onward = replace(way, computed=True)
        self.pending += [
            (path, scope, environment, onward, getattr(value, "lineno", 0))
            for path in reads(without(value, unread))
        ]

    def _unread(
        self, value: ast.AST, scope: Scope, environment: Environment
    ) -> tuple[ast.expr, ...]:
        """Return the arguments of a call that the function's results have nothing of."""
        if not isinstance(value, ast.Call) or name_of(value) not in self.source.callables:
            return ()
        functions = self.source.callables[name_of(value)]
        if isinstance(value.func, ast.Attribute):
            path, indices = path_of(value.func.value)
            owners = set() if path is None or indices else self._classes(path, scope, environment)
            functions = [
                function
                for function in functions
                if self.source.functions[id(function)][1] in owners
            ]
        elif (name_of(value),) in environment:
            return ()
        if len(functions) != 1 or name_of(value) in self.source.bases:
            return ()
        inner = self.source.scope(functions[0])
        passed = _passed_on(self.source, inner)
        if passed is None or any(isinstance(argument, ast.Starred) for argument in value.args):
            return ()
        used = [item for name in passed for item in arguments_for(value, (name,), inner)]
        given = [*value.args, *(word.value for word in value.keywords if word.arg)]
        return tuple(argument for argument in given if argument not in used)

    def finished(self) -> Slice | None:
        """Return what was come to; None where it is too much."""
        while self.pending:
            self._follow(*self.pending.pop())
            if len(self.followed) > _MOST:
                return None
        return Slice(tuple(self.expressions), tuple(self.calls), tuple(self.parameters))

    def _is_new(self, thing: object, path: Path, way: Way) -> bool:
        key = (id(thing), path, way)
        if key in self.followed:
            return False
        self.followed.add(key)
        return True

    def _follow(
        self, path: Path, scope: Scope, environment: Environment, way: Way, line: int
    ) -> None:
        definitions, older = reaching(path, environment)
        if any(self._computes(definition) for definition in definitions):
            way = replace(way, computed=True)
        for definition in definitions:
            suffix = path[len(definition.target) :]
            # An element of a constant key may be another than the one that was filled
            other = definition.keyed and bool(suffix) and suffix[0].startswith("[")
            onward = replace(way, loose=True) if other else way
            self._definition(definition, path, onward, line)
        of_a_class = (
            not older and len(path) > 1 and bool(self._classes(path[:1], scope, environment))
        )
        if not (older or of_a_class) or not self._is_new(scope, path, way):
            return
        if of_a_class:
            self._attribute(path, scope, environment, way)
            return
        if path[0] in scope.parameters:
            if path[0] not in ("self", "cls", scope.own) and not way.quiet:
                self._parameter(path, scope, way)
        elif path[0] not in scope.locals:
            self._free(path, scope, way)
        if len(path) > 1:
            self._attribute(path, scope, environment, way)

    def _computes(self, definition: Definition) -> bool:
        """Say whether a change may compute a new number from what was there before."""
        value = definition.value
        if definition.call and isinstance(value, ast.Call):
            return name_of(value) in self.source.callables
        return definition.change and not definition.adds

    def _definition(self, definition: Definition, path: Path, way: Way, line: int = 0) -> None:
        value = definition.value
        if definition.change or getattr(value, "lineno", 0) >= line > 0:
            # What was there before stays in it, or it comes round a loop
            way = replace(way, kept=True)
        if value is None or not self._is_new(definition, path, way):
            return
        if definition.call:
            if not way.quiet:
                self.calls[range_of(value)] = None
            return
        if isinstance(value, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            self._results(self.source.scope(value), way)
            return
        suffix = path[len(definition.target) :]
        if (
            definition.change
            and suffix
            and not suffix[0].startswith("[")
            and self._classes(definition.target, definition.scope, definition.before)
        ):
            return  # what its methods were given is none of its attributes: they tell these
        if definition.adds and len(suffix) > 1 and suffix[0].startswith("["):
            suffix = suffix[1:] if not suffix[0].startswith("['") else suffix
        if has_moved(definition, suffix):
            way = replace(way, loose=True)
        elif definition.part is None:
            part, suffix = part_of(value, suffix)
            if part is None:
                return
            value = part
            if not is_all_of(definition, value, suffix):
                way = replace(way, loose=True)
        elif isinstance(value, (ast.Name, ast.Attribute)):
            suffix = (f"[{definition.part}]", *suffix)
        elif suffix:
            way = replace(way, loose=True)
        own, indices = path_of(value)
        if (
            own is not None
            and suffix
            and not indices
            and (not definition.change or definition.by == EACH)
        ):
            if not way.quiet:
                plain = Expression(range_of(value), None, way.object, not way.kept, way.loose)
                self.expressions[plain] = None
            line = getattr(value, "lineno", 0)
            self.pending.append(((*own, *suffix), definition.scope, definition.before, way, line))
            return
        if isinstance(value, ast.Constant):
            return
        self.value(value, definition.part, definition.scope, definition.before, way)

    def _results(self, scope: Scope, way: Way) -> None:
        inside = Way(way.object, quiet=True, loose=way.loose, computed=True)
        for values, environment in scope.results:
            for value in values:
                self.value(value, None, scope, environment, inside)

    def _parameter(self, path: Path, scope: Scope, way: Way) -> None:
        """Follow what a function is given.

        From its caller's frame, or by the calls of that name on that object.
        """
        if scope is self.start:
            self.parameters[path] = None
            return
        name: str = getattr(scope.node, "name", "")
        called = scope.owner if name == "__init__" else name
        for other in self.source.scopes_with(called) if called else ():
            for call, environment in other.calls.get(called, ()):
                receiver = (
                    root_of(call.func.value) if isinstance(call.func, ast.Attribute) else None
                )
                if name == "__init__" or not way.object or way.object in (receiver, ("self",)):
                    for argument in arguments_for(call, path, scope):
                        self.value(
                            argument,
                            None,
                            other,
                            environment,
                            Way(kept=True, loose=way.loose, computed=True),
                        )

    def _free(self, path: Path, scope: Scope, way: Way) -> None:
        """Follow a variable of a scope around, by all that any function gives it."""
        home = scope.outer
        while home is not None and home.outer is not None and path[0] not in home.locals:
            home = home.outer
        for other in () if home is None else self.source.scopes_with(path[0]):
            if other is home or path[0] not in other.locals:
                for definition in other.definitions:
                    target = definition.target
                    # One function may fill an element and another read a different one
                    if (
                        target[0] == path[0]
                        and not definition.keyed
                        and (target[: len(path)] == path or path[: len(target)] == target)
                    ):
                        self._definition(
                            definition, path, replace(way, object=(), quiet=False, kept=True)
                        )

    def _attribute(self, path: Path, scope: Scope, environment: Environment, way: Way) -> None:
        """Follow an attribute by what the methods of its object's class, as far as that is known,
        give it.
        """
        for index in range(1, len(path)):
            name = path[index]
            owners = (
                set() if name.startswith("[") else self._classes(path[:index], scope, environment)
            )
            if not owners:
                continue
            through = Way(
                way.object if path[:index] == ("self",) and way.object else path[:index],
                kept=True,
                loose=way.loose,
                computed=True,
            )
            for definition in self._stores(name, owners):
                whole = joined_to(definition.target, name, path[index + 1 :])
                if whole:
                    self._definition(definition, whole, through)
            for node, owner, _ in self.source.functions.values():
                if owner and getattr(node, "name", "") == name and self._related(owner, owners):
                    self._results(self.source.scope(node), through)

    def _stores(self, name: str, owners: set[str]) -> Iterator[Definition]:
        """Yield what gives an attribute of some classes a value."""
        for scope in self.source.scopes_with(name):
            for definition in scope.definitions:
                target = definition.target
                if name not in target[1:] or definition.call:
                    continue
                own = bool(scope.owner) and scope.parameters[:1] == target[:1]
                if (
                    (target[1] == name and self._related(scope.owner, owners))
                    if own
                    else target[-1] == name
                ):
                    yield definition

    def _classes(self, path: Path, scope: Scope, environment: Environment) -> set[str]:
        """Return the names of the classes that an object is known to be of, among those of this
        file.
        """
        definitions, older = reaching(path, environment)
        if older and len(path) == 1:
            around: Scope | None = scope
            while around is not None:
                if around.owner and around.parameters[:1] == path:
                    return {around.owner}
                if path[0] in around.locals:
                    definitions += [one for one in around.definitions if one.target == path]
                    break
                around = around.outer
        elif older:
            owners = self._classes(path[:-1], scope, environment)
            definitions += self._stores(path[-1], owners) if owners else ()
        called = {
            name_of(one.value)
            for one in definitions
            if isinstance(one.value, ast.Call) and not one.call
        }
        return called & self.source.bases.keys()

    def _related(self, owner: str, owners: set[str]) -> bool:
        return any(self.source.is_related(owner, one) for one in owners)
