"""Which of a file's classes an object is of, what gives its attributes their values, and which of
the file's functions a call is of.
"""

import ast
from collections.abc import Iterator

from gradviz.recording.reading.definitions import Definition, Environment, Function, Scope, reaching
from gradviz.recording.reading.expressions import Path, element_of, path_of
from gradviz.recording.reading.parts import name_of, pieces
from gradviz.recording.reading.sources import Source


def stores(
    source: Source,
    name: str,
    owners: set[str],
    path: Path = (),
    environment: Environment | None = None,
) -> Iterator[Definition]:
    """Yield what gives an attribute of some classes a value.

    Args:
        source: The file.
        name: Of the attribute.
        owners: The classes.
        path: Of the object, if not any is meant.
        environment: What the paths stand for where it is read.
    """
    for scope, definition in source.givers(name):
        target = definition.target
        own = bool(scope.owner) and scope.parameters[:1] == target[:1]
        if (
            (target[1] == name and are_related(source, scope.owner, owners))
            if own
            else target[-1] == name and _may_be_of(source, definition, path, environment)
        ):
            yield definition


def classes_of(source: Source, path: Path, scope: Scope, environment: Environment) -> set[str]:
    """Return the names of the classes that an object is known to be of, among those of this
    file.
    """
    if not path:
        return set()
    definitions, older = reaching(path, environment)
    if older and len(path) == 1:
        outer: Scope | None = scope
        while outer is not None:
            if outer.owner and outer.parameters[:1] == path:
                return {outer.owner}
            if path[0] in outer.locals:
                definitions += [item for item in outer.definitions if item.target == path]
                break
            outer = outer.outer
    elif older or all(len(item.target) < len(path) for item in definitions):
        owners = classes_of(source, path[:-1], scope, environment)
        definitions += stores(source, path[-1], owners) if owners else ()
    return {
        name
        for item in definitions
        if item.value is not None and not item.call
        for node in (*_whole(item, path), *_elements_made(item, path))
        if isinstance(node, ast.Call)
        for name in _classes_called(source, node, item)
    }


def _classes_called(source: Source, call: ast.Call, there: Definition) -> set[str]:
    """Return the class that a call makes an object of, by its name or as a table holds it."""
    if not isinstance(call.func, ast.Subscript):
        return {name_of(call)} & source.bases.keys()
    path, classes = element_of(call.func)[0], set[str]()
    definitions, older = reaching(path, there.before) if path is not None else ([], False)
    tables = [(item, path) for item in definitions if path is not None]
    tables += given_around(source, path, there.scope) if path is not None and older else ()
    for item, known_as in tables:
        way = (*item.taken, *known_as[len(item.target) :])
        held = pieces(item.value, way) if item.value is not None and not item.change else ()
        classes |= {name for piece in held for name in _names(piece.node)}
    return classes & source.bases.keys()


def _names(node: ast.AST) -> tuple[str, ...]:
    path = path_of(node)[0]
    return () if path is None else path[-1:]


def _whole(definition: Definition, path: Path) -> Iterator[ast.AST]:
    """Yield what a definition gives, where that is what a path means and not what it is in."""
    own = path[: len(definition.target)] == definition.target
    if definition.value is not None and (len(definition.target) == len(path) or not own):
        yield definition.value


def _elements_made(definition: Definition, path: Path) -> Iterator[ast.AST]:
    """Yield what makes the element that a path means of what a definition gives."""
    way = (*definition.taken, *path[len(definition.target) :])
    if way and definition.value is not None and not definition.change:
        yield from (piece.node for piece in pieces(definition.value, way) if not piece.way)


def _may_be_of(
    source: Source, definition: Definition, path: Path, environment: Environment | None
) -> bool:
    """Say whether the object whose attribute gets a value can be the one that a path means where
    names stand for something: not where each is made by a call of a class of its own.
    """
    holder = definition.target[:-1]
    if environment is None or holder == path:
        return True
    made = [made_by(source, path, environment), made_by(source, holder, definition.before)]
    return not all(made) or not made[0].isdisjoint(made[1])


def made_by(source: Source, path: Path, environment: Environment, names: int = 4) -> frozenset[int]:
    """Return the calls of classes that make an object, by identity; nothing where another may.

    Args:
        source: The file.
        path: Of the object.
        environment: What the paths stand for.
        names: How many names for it are followed.
    """
    definitions, older = reaching(path, environment)
    changed = any(item.change and not item.call for item in definitions)
    if older or changed or not names:
        return frozenset()
    made: set[int] = set()
    for item in (item for item in definitions if not item.call):
        way = (*item.taken, *path[len(item.target) :])
        for piece in pieces(item.value, way) if item.value is not None else ():
            inner, indices = path_of(piece.node)
            if inner is not None and not indices:
                calls = made_by(source, (*inner, *piece.way), item.before, names - 1)
            elif isinstance(piece.node, ast.Call) and not piece.way:
                own = bool(_classes_called(source, piece.node, item))
                calls = frozenset((id(piece.node),)) if own else frozenset()
            else:
                calls = frozenset()
            if not calls:
                return frozenset()
            made |= calls
    return frozenset(made)


def getters(source: Source, owners: set[str]) -> Iterator[Function]:
    """Yield the methods by which objects of some classes give an element."""
    for name in ("__getitem__", "get", "pop"):
        for method in source.callables.get(name, ()):
            owner = source.functions[id(method)][1]
            if owner and are_related(source, owner, owners):
                yield method


def are_related(source: Source, owner: str, owners: set[str]) -> bool:
    """Say whether an object of one class can be of one of several others."""
    return any(source.is_related(owner, other) for other in owners)


def given_around(
    source: Source, path: Path, scope: Scope, *, keyed: bool = False
) -> Iterator[tuple[Definition, Path]]:
    """Yield what any function gives a variable of a scope around, also where other files import
    it, with the path that it has there.

    Args:
        source: The file.
        path: Of the variable, or of something in it.
        scope: Where it is read.
        keyed: Also what fills an element whose key is computed.
    """
    for home, known_as in _homes(source, path, scope):
        for other in source.scopes_with(known_as[0]):
            if other is not home and (known_as[0] in other.locals or other.file is not home.file):
                continue
            for definition in other.definitions:
                target = definition.target
                # One function may fill an element and another read a different one
                if (keyed or not definition.keyed) and _is_part(target, known_as):
                    yield definition, known_as


def is_imported(source: Source, path: Path, scope: Scope) -> bool:
    """Say whether a path is imported from a file that is read with its own."""
    return _imported(source, scope, path) is not None


def _is_part(target: Path, path: Path) -> bool:
    """Say whether one of two paths, of the same name, leads to the other."""
    return target[: len(path)] == path or path[: len(target)] == target


def _homes(source: Source, path: Path, scope: Scope) -> Iterator[tuple[Scope, Path]]:
    """Yield the scope around that a variable is of; and where it is one of a file, the levels of
    the files that have it from there or it from them, each with the path that it has there.
    """
    home = scope.outer or scope
    while home.outer is not None and path[0] not in home.locals:
        home = home.outer
    yield home, path
    if home.outer is not None:
        return
    first = _imported(source, home, path)
    if first is not None:
        yield first
    for tree in source.trees.values():
        other = source.scope(tree)
        for item in source.imports[id(tree)].values() if other is not home else ():
            own = (item.name, *path[1:]) if item.original else (*item.name.split("."), *path)
            if _imported(source, other, own) == (first or (home, path)):
                yield other, own


def _imported(source: Source, home: Scope, path: Path) -> tuple[Scope, Path] | None:
    """Return the file's level that a path is imported from, and what it is there."""
    imports = source.imports.get(id(home.file), {})
    for length in range(1, len(path) + 1):
        item = imports.get(".".join(path[:length]))
        tree = None if item is None else source.trees.get(item.file)
        if item is not None and tree is not None:
            there = ((item.original,) if item.original else ()) + path[length:]
            return (source.scope(tree), there) if there else None
    return None


def changed_within(source: Source, name: str, scope: Scope) -> Iterator[Definition]:
    """Yield what the functions inside another give one of its variables, or change in it."""
    for other in source.scopes_with(name) if name in scope.locals else ():
        if other is not scope and name not in other.locals and _is_within(other, scope):
            for definition in other.definitions:
                if definition.target == (name,) and not definition.call:
                    yield definition


def _is_within(scope: Scope, outer: Scope) -> bool:
    holder: Scope | None = scope
    while holder is not None and holder is not outer:
        holder = holder.outer
    return holder is outer
