"""What the arguments of a call were computed from, by the source.

Expressions, followed backwards from the call.

Within a function by reaching definitions; beyond it into the functions of the same file that a
value is returned by, and into what they store in attributes, globals and the variables around them.
What a function is given is followed by who knows its caller.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gradviz.recording.reading.call_arguments import given_for
from gradviz.recording.reading.called import calls_of, holder_of, is_as_written, leaves_alone
from gradviz.recording.reading.choosers import REORDERS, may_choose
from gradviz.recording.reading.definitions import EACH, Definition, Environment, Scope, reaching
from gradviz.recording.reading.expressions import (
    Path,
    range_of,
)
from gradviz.recording.reading.keys import is_key, keys_given
from gradviz.recording.reading.made_of import Taking
from gradviz.recording.reading.of_arrays import is_of_numbers
from gradviz.recording.reading.owners import (
    are_related,
    changed_within,
    classes_of,
    getters,
    given_around,
    is_imported,
    made_by,
    stores,
)
from gradviz.recording.reading.parts import SOME, name_of, place_in, straightened
from gradviz.recording.reading.picked_out import keys_alone, order_of
from gradviz.recording.reading.sources import Source
from gradviz.recording.reading.ways import (
    DIRECT,
    Slice,
    Way,
    by_place,
    has_attribute,
    has_moved,
    joined_to,
    of_argument,
    within,
)

# Definitions that are followed; of a value that hangs together with more, nothing is said
_MOST = 400
# Elements within elements that are told apart: ``x = x[0]`` in a loop goes ever deeper
_DEEPEST = 8
_FUNCTIONS = (ast.FunctionDef, ast.Lambda)
# Calls that write into an array what they are given, as it is
_WRITES = frozenset("copyto put place putmask fill_diagonal fill".split())


def _passed_on(source: Source, scope: Scope) -> frozenset[Path] | None:
    """Return the parameters that what a function returns has something of, and what of them; None
    where that cannot be told.
    """
    node = scope.node
    if id(node) in source.passed:
        return source.passed[id(node)]
    source.passed[id(node)] = None  # of a function that calls itself nothing is said
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Global, ast.Nonlocal)
    read = (node, *keys_alone(node))
    plain = (
        isinstance(node, _FUNCTIONS)
        and is_as_written(source, node)
        and not any(isinstance(part, inner) for part in ast.walk(node) if part not in read)
    )
    slicer = Slicer(source, scope)
    for values, environment in scope.results if plain else ():
        for value in values:
            slicer.value(value, scope, environment)
    sliced = slicer.finished() if plain else None
    if sliced is not None and slicer.orders.issuperset(sliced.calls):
        source.passed[id(node)] = frozenset(sliced.parameters)
    return source.passed[id(node)]


def _of_own(source: Source, scope: Scope) -> tuple[Path, ...]:
    """Return the ways from a method's object to the attributes that its results are computed
    from.
    """
    node = scope.node
    if id(node) not in source.own:
        source.own[id(node)] = ()  # of a method that calls itself nothing is said
        slicer = Slicer(source, scope)
        for values, environment in scope.results:
            for value in values:
                slicer.value(value, scope, environment)
        if slicer.finished() is not None:
            own = (path for path in slicer.attributes if path[0] == scope.own)
            source.own[id(node)] = tuple(path[1:] for path in own)
    return source.own[id(node)]


def _part_passed(source: Source, scope: Scope, taken: Path) -> tuple[Path, ...] | None:
    """Return the ways from a function's parameters, and from a method's object, to what a part of
    its result is computed from; None where that cannot be told.
    """
    key = (id(scope.node), taken)
    if key not in source.parts:
        source.parts[key] = None  # of a function that calls itself nothing is said
        slicer = _Within(source, scope)
        plain = bool(scope.results) and is_as_written(source, scope.node)
        for values, environment in scope.results if plain else ():
            value, left = _result(values, taken)
            plain = plain and value is not None
            slicer.part(value or values[0], left, scope, environment, DIRECT)
        sliced = slicer.finished() if plain else None
        if sliced is not None and not (sliced.calls or slicer.unsure):
            own = (path for path in sliced.attributes if path[0] == scope.own)
            source.parts[key] = (*sliced.parameters, *own)
    return source.parts[key]


def _result(values: list[ast.AST], taken: Path) -> tuple[ast.AST | None, Path]:
    """Return which of a function's results a part of what it returns is a part of, and the way to
    it; None where that may be any.
    """
    place = place_in(taken[0]) if len(values) > 1 else None
    if place is not None and -len(values) <= place < len(values):
        return values[place], taken[1:]
    return (values[0] if len(values) == 1 else None), taken


def _read_by_method(source: Source, path: Path) -> Iterator[Path]:
    """Yield the attributes that a method of this name reads of its object, where it is one."""
    for method in source.callables.get(path[-1], ()):
        if source.functions[id(method)][1]:
            for way in _of_own(source, source.scope(method)):
                yield (*path[:-1], *way)


def computes(source: Source, definition: Definition) -> bool:
    """Say whether a change may compute a new number from what was there before."""
    value = definition.value
    if definition.call and isinstance(value, ast.Call):
        return name_of(value) in source.callables
    computes = definition.change and not definition.adds and definition.by != EACH
    return computes and definition.by not in _WRITES


def _keeps(definition: Definition, line: int) -> bool:
    """Say whether what a path had before may be in it still: something was added to that, or it
    comes round a loop, or is not given every time.
    """
    value = definition.value
    if definition.change or getattr(value, "lineno", 0) >= line > 0:
        return True
    return value is not None and definition.scope.branches(value)


def _reordered(path: Path, definitions: list[Definition]) -> Path:
    """Return a path with no place in a list whose elements a call may have moved to others."""
    for definition in definitions:
        call, start = definition.value, len(definition.target)
        if definition.call and isinstance(call, ast.Call) and name_of(call) in REORDERS:
            moved = (SOME if place_in(part) is not None else part for part in path[start:][:1])
            path = (*path[:start], *moved, *path[start + 1 :])
    return path


@dataclass(slots=True)
class Slicer(Taking):
    """Follows expressions backwards, through the functions of a file."""

    def _passed_on(self, scope: Scope) -> frozenset[Path] | None:
        return _passed_on(self.source, scope)

    def _part_passed(self, scope: Scope, taken: Path) -> tuple[Path, ...] | None:
        return _part_passed(self.source, scope, taken)

    def finished(self) -> Slice | None:
        """Return what was come to; None where it is too much."""
        while self.pending:
            self._follow(*self.pending.pop())
            if len(self.followed) > _MOST:
                return None
        expressions, calls = tuple(self.expressions), tuple(self.calls)
        parameters, quiet = tuple(self.parameters), tuple(self.quiet)
        sliced = Slice(expressions, calls, parameters, quiet, shifts=self.source.shifts)
        sliced = replace(sliced, chooses=self.chooses, decides=self.decides)
        return replace(sliced, attributes=tuple(self.attributes))

    def _is_new(self, thing: object, path: Path, way: Way) -> bool:
        key = (id(thing), path, way)
        is_new = key not in self.followed
        self.followed.add(key)
        return is_new

    def _follow(
        self, path: Path, scope: Scope, environment: Environment, way: Way, line: int
    ) -> None:
        self._note(path, scope, way)
        definitions, older = reaching(path, environment)
        if any(computes(self.source, definition) for definition in definitions):
            way = replace(way, computed=True)
        path = _reordered(path, definitions)
        for definition in definitions:
            suffix = path[len(definition.target) :]
            # An element of a constant key may be another than the one that was filled
            other = definition.keyed and bool(suffix) and suffix[0].startswith("[")
            onward = replace(way, loose=True) if other else way
            self._definition(definition, path, onward, line)
        inner = replace(way, object=(), quiet=False, kept=True, computed=True)
        for definition in changed_within(self.source, path[0], scope):
            self._definition(definition, path, inner)
        of_a_class = not older and any(
            classes_of(self.source, path[:index], scope, environment)
            for index in range(1, len(path))
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

    def _note(self, path: Path, scope: Scope, way: Way) -> None:
        """Remember what is read in the function that is sliced."""
        if scope is self.start:
            self.unsure = self.unsure or way.loose
            if not (way.quiet or way.loose) and has_attribute(path):
                self.attributes.update(dict.fromkeys((path, *_read_by_method(self.source, path))))

    def _definition(self, definition: Definition, path: Path, way: Way, line: int = 0) -> None:
        value = definition.value
        if _keeps(definition, line):
            way = replace(way, kept=True)
        if not self._is_new(definition, path, way):
            return
        if value is None:
            if is_imported(self.source, path, definition.scope):
                self._free(path, definition.scope, way)
            return
        if definition.call:
            self._change(definition, value, way)
            return
        suffix = path[len(definition.target) :]
        if isinstance(value, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            self._results(self.source.scope(value), way, taken=suffix)
            return
        if definition.key and suffix and is_key(suffix[0]):
            loose = way.loose or definition.key not in definition.scope.parameters
            keys = ((definition.scope, definition.key, suffix[0]),)
            way = replace(way, loose=loose, keys=keys)
        if (
            definition.change
            and suffix
            and (not suffix[0].startswith("[") or definition.by in self.source.callables)
            and classes_of(self.source, definition.target, definition.scope, definition.before)
        ):
            return  # what its methods were given is none of its attributes: they tell these
        if has_moved(definition, suffix):
            way, suffix = replace(way, loose=True), ()
        elif definition.change and definition.by != EACH:
            if (inner := within(definition, suffix)) is None:
                return
            suffix = inner
        self._places(definition, by_place(definition, path, way))
        taken = straightened((*definition.taken, *suffix))[:_DEEPEST]
        self.part(value, taken, definition.scope, definition.before, way)

    def _change(self, definition: Definition, call: ast.AST, way: Way) -> None:
        """Take a call as one that may change what it is given, if that is no function."""
        name = definition.target[0]
        if name in self.source.callables and name not in definition.scope.locals:
            return
        if leaves_alone(self.source, call, definition.scope, definition.before):
            return
        self.chooses = self.chooses or may_choose(call)  # as ``rows.sort()`` does
        self.decides = self.decides or may_choose(call, by_keys=False)
        order = order_of(call) if isinstance(call, ast.Call) else None
        if order is not None:
            self.orders.add(range_of(call))
            onward = replace(way, computed=True)
            self.value(order, definition.scope, definition.before, onward)
        if not (way.quiet or is_of_numbers(call)):
            self.calls[range_of(call)] = None

    def _places(self, definition: Definition, way: Way) -> None:
        for index in definition.places:
            self.value(index, definition.scope, definition.before, way)

    def _results(self, scope: Scope, way: Way, key: str = "", taken: Path = ()) -> None:
        keys = keys_given(way.call, scope, key)
        inside = Way(
            way.object, quiet=True, loose=way.loose, computed=True, keys=keys, made=way.made
        )
        for values, environment in scope.results:
            for value in values:
                if taken and len(values) == 1:
                    self.part(value, taken, scope, environment, inside)
                else:
                    self.value(value, scope, environment, inside)

    def _parameter(self, path: Path, scope: Scope, way: Way) -> None:
        """Follow what a function is given.

        From its caller's frame, or by the calls of that name on that object.
        """
        if scope is self.start:
            self.parameters[path] = None
            return
        calls = calls_of(self.source, scope, way.object, way.keys, way.made)
        for call, other, environment in calls:
            holder = holder_of(call, other, way.object)
            for argument, wanted in given_for(call, path, scope):
                onward = Way(holder, kept=True, loose=way.loose, computed=True)
                self.part(argument, of_argument(argument, wanted), other, environment, onward)

    def _free(self, path: Path, scope: Scope, way: Way) -> None:
        """Follow a variable of a scope around, by all that any function gives it."""
        onward = replace(way, object=(), quiet=False, kept=True)
        for definition, known_as in given_around(self.source, path, scope):
            self._definition(definition, known_as, onward)

    def _attribute(self, path: Path, scope: Scope, environment: Environment, way: Way) -> None:
        """Follow an attribute by what the methods of its object's class, as far as that is known,
        give it.
        """
        for index in range(1, len(path)):
            name = path[index]
            owners = classes_of(self.source, path[:index], scope, environment)
            if not owners:
                continue
            same = path[:index] == ("self",) and way.object
            made = way.made if same else made_by(self.source, path[:index], environment)
            through = Way(
                way.object if same else path[:index],
                kept=True,
                loose=way.loose,
                computed=True,
                call=way.call,
                made=made,
            )
            if name.startswith("["):
                for method in getters(self.source, owners):
                    self._results(self.source.scope(method), through, name)
                continue
            for definition in stores(self.source, name, owners, path[:index], environment):
                whole = joined_to(definition.target, name, path[index + 1 :])
                if whole:
                    self._definition(definition, whole, through)
            for node, owner, _ in self.source.functions.values():
                if (
                    owner
                    and getattr(node, "name", "") == name
                    and are_related(self.source, owner, owners)
                ):
                    self._results(self.source.scope(node), through, taken=path[index + 1 :])


@dataclass(slots=True)
class _Within(Slicer):
    """Follows what a function's results are made of back to what it was given."""

    def _attribute(self, path: Path, scope: Scope, environment: Environment, way: Way) -> None:
        if scope is self.start and path[0] == scope.own and path[1] not in self.source.callables:
            return  # its object had it before
        Slicer._attribute(self, path, scope, environment, way)
