"""A file as read: its functions, and what the paths in each stand for."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from gradviz.recording.reading.definitions import Definition, Environment, Function, Scope
from gradviz.recording.reading.expressions import (
    Path,
    Range,
    arguments_of,
    path_of,
    range_of,
    root_of,
)
from gradviz.recording.reading.flows import Reader
from gradviz.recording.reading.record_classes import fields_in
from gradviz.recording.reading.taken import plain
from gradviz.system.lines import getlines
from gradviz.system.walk import walk

_READS_ALL = frozenset("exec eval locals globals vars".split())
_FRAMES = frozenset("_getframe currentframe f_locals".split())

# Of enumerations, by what each is called: the members, and what these are as keys
Enumerations = Mapping[str, Mapping[str, Any]]
_NONE: Enumerations = {}


@dataclass(frozen=True, slots=True)
class Import:
    """A name that a file has from another.

    Attributes:
        name: In the file.
        original: Where it is defined; empty for a module.
        file: Where that is.
    """

    name: str
    original: str
    file: str


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
        passed: Of functions, the parameters that their results have something of, and what of them.
        own: Of methods, the attributes of their object that their results have something of.
        parts: Of functions, and by a part of their results, the ways to what that is computed from.
        with_word, giving: What was asked before of a name.
        trees: Of all the files that are read as one, its own first.
        shifts: By how many lines each of them is moved.
        imports: By identity of a tree, what the file has from others.
        renamed: What is imported under another name, by that.
    """

    tree: ast.Module
    functions: dict[int, tuple[Function, str, Function | None]]
    words: dict[int, set[str]]
    bases: dict[str, set[str]]
    scopes: dict[int, Scope] = field(default_factory=dict)
    passed: dict[int, frozenset[Path] | None] = field(default_factory=dict)
    own: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    parts: dict[tuple[int, Path], tuple[Path, ...] | None] = field(default_factory=dict)
    with_word: dict[str, list[Scope]] = field(default_factory=dict)
    giving: dict[str, list[tuple[Scope, Definition]]] = field(default_factory=dict)
    trees: Mapping[str, ast.Module] = field(default_factory=dict)
    shifts: Mapping[str, int] = field(default_factory=dict)
    imports: Mapping[int, Mapping[str, Import]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def callables(self) -> dict[str, list[Function]]:
        """The functions by what a call of them is named: of ``__init__``, the class."""
        by_name: dict[str, list[Function]] = {}
        for function, owner, _ in self.functions.values():
            name = getattr(function, "name", "")
            if name:
                by_name.setdefault(owner if name == "__init__" else name, []).append(function)
        for name, original in self.renamed.items():
            if name not in by_name and original in by_name:
                by_name[name] = by_name[original]
        return by_name

    @cached_property
    def loops(self) -> dict[Range, list[ast.expr]]:
        """What each ``for``, and the loops of each comprehension, go through, by where it
        stands.
        """
        through = {
            range_of(node): [part.iter for part in node.generators]
            for node in ast.walk(self.tree)
            if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp))
        }
        loops = (node for node in ast.walk(self.tree) if isinstance(node, ast.For))
        return through | {range_of(loop): [loop.iter] for loop in loops}

    @cached_property
    def blocks(self) -> dict[Range, list[ast.expr]]:
        """What each ``with`` is given, by where it stands."""
        return {
            range_of(node): [item.context_expr for item in node.items]
            for node in ast.walk(self.tree)
            if isinstance(node, ast.With)
        }

    @cached_property
    def parents(self) -> dict[int, ast.AST]:
        """What each part of the file stands in, by the part's identity."""
        return {
            id(part): node for node in ast.walk(self.tree) for part in ast.iter_child_nodes(node)
        }

    @cached_property
    def places(self) -> dict[Range, ast.expr | ast.stmt]:
        """The outermost expression that stands exactly at each place; else the statement."""
        places: dict[Range, ast.expr | ast.stmt] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.expr, ast.stmt)):
                held = places.setdefault(range_of(node), node)
                if isinstance(held, ast.Expr):
                    places[range_of(node)] = node
        return places

    @cached_property
    def names(self) -> list[ast.Name]:
        """Every place where a name stands."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Name)]

    @cached_property
    def reads_unsaid(self) -> bool:
        """It may read names that it does not say."""
        return self.holds_any_of(_FRAMES) or any(name.id in _READS_ALL for name in self.names)

    def holds_any_of(self, words: frozenset[str]) -> bool:
        """Say whether one of some names or attributes occurs in the file."""
        return any(not words.isdisjoint(own) for own in self.words.values())

    @cached_property
    def shared(self) -> list[ast.Global | ast.Nonlocal]:
        """The statements by which functions write names of others."""
        nodes = ast.walk(self.tree)
        return [node for node in nodes if isinstance(node, (ast.Global, ast.Nonlocal))]

    @cached_property
    def records(self) -> dict[str, tuple[str, ...]]:
        """The fields of its named tuples and data classes, by the class."""
        fields: dict[str, tuple[str, ...]] = {}
        for tree in self.trees.values() or (self.tree,):
            for name, held in fields_in(tree).items():
                fields.setdefault(name, held)
        for name, original in self.renamed.items():
            if original in fields:
                fields.setdefault(name, fields[original])
        return fields

    @cached_property
    def decorated(self) -> list[tuple[ast.AST, ast.expr]]:
        """Its functions and classes, each with a decorator of it."""
        trees = self.trees.values() or (self.tree,)
        return [
            (node, decorator)
            for tree in trees
            for node in ast.walk(tree)
            for decorator in getattr(node, "decorator_list", ())
        ]

    @cached_property
    def _handed_on(self) -> set[str]:
        """The names that stand elsewhere than where they are called."""
        nodes = [node for tree in self.trees.values() or (self.tree,) for node in ast.walk(tree)]
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        named = (node for node in nodes if isinstance(node, (ast.Name, ast.Attribute)))
        return {
            node.id if isinstance(node, ast.Name) else node.attr
            for node in named
            if id(node) not in called and isinstance(node.ctx, ast.Load)
        }

    def is_handed_on(self, name: str) -> bool:
        """Say whether a function of this name may be called by another name as well."""
        return name in self._handed_on or any(
            getattr(node, "name", "") == name for node, _ in self.decorated
        )

    @cached_property
    def calls_of_variables(self) -> list[tuple[ast.Call, Scope, Environment]]:
        """The calls of what is no name of a function or class: of a variable, or an element."""
        scopes = [self.scope(node) for node, _, _ in self.functions.values()]
        return [
            (call, scope, environment)
            for scope in scopes
            for name, calls in scope.calls.items()
            if name not in self.bases
            for call, environment in calls
            if not isinstance(call.func, ast.Attribute) and (not name or name in scope.locals)
        ]

    def scope(self, node: Function) -> Scope:
        """Return a function's scope."""
        scope = self.scopes.get(id(node))
        if scope is None:
            _, owner, holder = self.functions[id(node)]
            outer = None if holder is None else self.scope(holder)
            scope = self.scopes[id(node)] = Scope(
                node, owner, outer, tuple(argument.arg for argument in arguments_of(node))
            )
            Reader(scope, self.callables).read()
        return scope

    def scopes_with(self, word: str) -> list[Scope]:
        """Return the scopes in which a name or attribute occurs."""
        if word not in self.with_word:
            self.with_word[word] = [
                self.scope(node)
                for node, _, _ in self.functions.values()
                if word in self.words[id(node)]
            ]
        return self.with_word[word]

    def givers(self, name: str) -> list[tuple[Scope, Definition]]:
        """Return what gives an attribute of this name, or something in one, a value."""
        if name not in self.giving:
            self.giving[name] = [
                (scope, definition)
                for scope in self.scopes_with(name)
                for definition in scope.definitions
                if name in definition.target[1:] and not definition.call
            ]
        return self.giving[name]

    def is_related(self, first: str, second: str) -> bool:
        """Say whether an object can be of both classes, as far as the file tells."""
        return first == second or first in self._above(second) or second in self._above(first)

    def _above(self, name: str) -> set[str]:
        return set(walk(self.bases.get(name, ()), lambda base: self.bases.get(base, ())))


def _with_constant_keys(tree: ast.Module, text: str, imported: Enumerations) -> ast.Module:
    """Return a file with ``d["a"]`` for ``d[key]``, where a function says only ``key = "a"``, and
    with ``"Split.TRAIN"`` for a member of an enumeration.
    """
    tree = _with_members(tree, text, imported)
    shared = _shared_in(tree) if "global" in text or "nonlocal" in text else set()
    scopes: list[tuple[ast.AST, dict[str, ast.Constant]]] = [(tree, {})]
    while scopes:
        function, outer = scopes.pop()
        own, constants = [*_own_nodes(function)], dict(outer)
        given = Counter(argument.arg for argument in arguments_of(function))
        given.update(
            node.id
            for node in own
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        )
        for name in given:
            constants.pop(name, None)
        for node in own:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                target = node.targets[0]
                if (
                    isinstance(target, ast.Name)
                    and given[target.id] == 1
                    and target.id not in shared
                ):
                    constants[target.id] = node.value
        for node in own:
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name):
                key = constants.get(node.slice.id)
                if key is not None:
                    node.slice = ast.copy_location(ast.Constant(key.value), node.slice)
            elif isinstance(node, ast.Dict):
                node.keys = [_constant(key, constants) for key in node.keys]
            elif isinstance(node, _FUNCTIONS):
                scopes.append((node, constants))
    return tree


def _with_members(tree: ast.Module, text: str, imported: Enumerations) -> ast.Module:
    members_of = {**imported, **(enumerations(tree) if "Enum" in text else {})}
    return _Members(members_of).visit(tree) if members_of else tree


def _shared_in(tree: ast.Module) -> set[str]:
    """Return the names that functions write for others."""
    return {
        name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Global, ast.Nonlocal))
        for name in node.names
    }


def _constant(key: ast.expr | None, constants: Mapping[str, ast.Constant]) -> ast.expr | None:
    value = constants.get(key.id) if isinstance(key, ast.Name) else None
    return (
        key if key is None or value is None else ast.copy_location(ast.Constant(value.value), key)
    )


class _Members(ast.NodeTransformer):
    """Writes a member of an enumeration as a constant: as a key, it is no other's."""

    def __init__(self, members_of: Enumerations) -> None:
        self._of = members_of

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        path = path_of(node.value)[0] if isinstance(node.ctx, ast.Load) else None
        members = self._of.get(".".join(path)) if path else None
        if members and node.attr in members:
            return ast.copy_location(ast.Constant(members[node.attr]), node)
        return self.generic_visit(node)


def enumerations(tree: ast.Module) -> Enumerations:
    """Return the enumerations of a file, by name, with what the members of each are as keys."""
    return {
        node.name: members
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and (members := _members(node))
    }


def _members(node: ast.ClassDef) -> dict[str, Any]:
    """Return what the members of an enumeration are as keys; nothing where two may be one."""
    bases = [(root_of(base) or ())[-1:] for base in node.bases]
    if not any(name.endswith("Enum") for base in bases for name in base):
        return {}
    given = [item for item in node.body if isinstance(item, ast.Assign)]
    if any(len(item.targets) != 1 or not isinstance(item.targets[0], ast.Name) for item in given):
        return {}
    values = {ast.unparse(item.targets[0]): item.value for item in given}
    constants = {
        name: value.value for name, value in values.items() if isinstance(value, ast.Constant)
    }
    if len(set(constants.values())) < len(constants):
        return {}
    if bases != [("Enum",)]:
        return constants  # each is equal to its value
    automatic = {name for name, value in values.items() if ast.unparse(value).endswith("auto()")}
    return {name: f"{node.name}.{name}" for name in (*constants, *automatic)}


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield what a function is made of, and the functions in it, but not what these are made of."""
    pending = [*ast.iter_child_nodes(function)]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, _FUNCTIONS):
            pending += ast.iter_child_nodes(node)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@lru_cache(maxsize=128)
def source_of(filename: str) -> Source | None:
    """Return a file as read; None where it cannot be."""
    return parsed(filename)


def parsed(filename: str, shift: int = 0, imported: Enumerations = _NONE) -> Source | None:
    """Return a file as read, some lines further down, and with the enumerations that it has from
    others; None where it cannot be.
    """
    try:
        tree = ast.parse(text := "".join(getlines(filename)))
        tree = ast.increment_lineno(tree, shift) if shift else tree
        tree = plain(_with_constant_keys(tree, text, imported))
    except (SyntaxError, ValueError, RecursionError):
        return None
    if not tree.body:
        return None
    functions: dict[int, tuple[Function, str, Function | None]] = {id(tree): (tree, "", None)}
    words: dict[int, set[str]] = {id(tree): set()}
    bases: dict[str, set[str]] = {}
    stack: list[tuple[ast.AST, str, Function]] = [(tree, "", tree)]
    while stack:
        node, owner, holder = stack.pop()
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.ClassDef):
                bases[part.name] = {
                    path[-1] for base in part.bases for path in [root_of(base)] if path
                }
                stack.append((part, part.name, holder))
            elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                functions[id(part)] = (part, owner, holder)
                words[id(part)] = {argument.arg for argument in arguments_of(part)}
                if not isinstance(part, ast.Lambda):
                    words[id(holder)].add(part.name)
                stack.append((part, "", part))
            else:
                if isinstance(part, ast.Name):
                    words[id(holder)].add(part.id)
                elif (
                    isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and part.value.isidentifier()
                ):
                    words[id(holder)].add(part.value)  # as setattr takes it
                elif isinstance(part, ast.Attribute):
                    words[id(holder)].add(part.attr)
                stack.append((part, owner, holder))
    return Source(tree, functions, words, bases)
