"""Whether the source tells all that a value is made of: numbers that it writes, what left torch
where it says so, and arithmetic.

Such a value has nothing of what left torch elsewhere. Whatever else could bring something in (a
file, an object's state, a function that is not known, an alias that is written to) leaves it open.
"""

import ast
import builtins
import copy
from types import CodeType
from typing import NamedTuple

from gradviz.recording.call_arguments import arguments_for, roots_of
from gradviz.recording.definitions import Definition, Environment, Scope, reaching
from gradviz.recording.expressions import Path, Range, path_of, range_of, reads, root_of
from gradviz.recording.instructions import place_of, scope_of
from gradviz.recording.parts import name_of
from gradviz.recording.sources import Source
from gradviz.recording.where import by_file

_MODULES = frozenset("cmath decimal fractions math numpy statistics torch".split())
_FUNCTIONS = frozenset(
    "abs bool complex divmod enumerate float int len list max min pow range reversed round sorted"
    " str sum tuple zip".split()
)
_METHODS = frozenset(
    "item tolist numpy detach cpu clone copy astype mean sum std var max min abs sqrt exp log norm"
    " reshape view flatten contiguous double float int long split strip".split()
)
# What a module of these gives from elsewhere, or by a state of its own
_OUTSIDE = frozenset(
    "load loadtxt genfromtxt fromfile fromregex memmap open_memmap random hub jit ops ctypeslib"
    " frombuffer from_file from_dlpack".split()
)
_READING = frozenset("float full int len linspace max min print round str sum tensor".split())
_ODD = (ast.Await, ast.Yield, ast.YieldFrom, ast.Lambda, ast.NamedExpr)
_MOST = 200  # definitions that are followed


class Made(NamedTuple):
    """What a value is made of beside what its function's source writes.

    Attributes:
        parameters: Of the function.
        exits: Where values left torch that are in it.
    """

    parameters: tuple[Path, ...]
    exits: frozenset[Range]


@by_file
def made_of(
    code: CodeType,
    lasti: int,
    names: frozenset[Path],
    wanted: tuple[Path, ...] | None,
    callee: CodeType | None,
    exits: frozenset[Range],
) -> Made | None:
    """Return what a call's arguments are made of, as far as the source of its function tells; None
    where something else may be in them.

    Args:
        code, lasti: The instruction that makes the call.
        names: Paths in its arguments of which nothing else is known.
        wanted: The callee's parameters that matter; None for every argument.
        callee: Whose parameters these are.
        exits: Where values left torch in the file: what left there is known.
    """
    scoped, place = scope_of(code), place_of(code, lasti)
    if scoped is None or place is None:
        return None
    reader = _Reader(*scoped, exits)
    called = None if callee is None else scope_of(callee)
    inner = None if called is None else called[1]
    roots = (
        [*roots_of(place[0]), *_receiver(place[0])]
        if wanted is None
        else [root for path in wanted for root in arguments_for(place[0], path, inner)]
    )
    only = names if wanted is None else None
    if not roots or not all(reader.tells(root, place[1], only) for root in roots):
        return None
    return Made(tuple(reader.parameters), frozenset(reader.without_exits.met))


def _receiver(node: ast.AST) -> list[ast.expr]:
    """Return what the method that is called is one of."""
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return [node.func.value] if is_method else []  # type: ignore[attr-defined]


class _WithoutExits(ast.NodeTransformer):
    """Puts a number in the place of each call whose value left torch."""

    def __init__(self, exits: frozenset[Range]) -> None:
        self._exits = exits
        self.met: set[Range] = set()

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Return a number for a call by which a value left, any other call as it is."""
        if range_of(node) in self._exits:
            self.met.add(range_of(node))
            return ast.copy_location(ast.Constant(0.0), node)
        return self.generic_visit(node)


class _Reader:
    """Follows what a value is made of within one function."""

    def __init__(self, source: Source, scope: Scope, exits: frozenset[Range]) -> None:
        self._source, self._scope = source, scope
        self.without_exits = _WithoutExits(exits)
        self.parameters: dict[Path, None] = {}
        self._followed: dict[Definition, None] = {}
        self._modules = {
            name.asname or name.name.partition(".")[0]: name.name.partition(".")[0]
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Import)
            for name in node.names
        }

    def tells(
        self, value: ast.AST, environment: Environment, names: frozenset[Path] | None = None
    ) -> bool:
        """Say whether the source tells all of a value; of ``names`` alone, where some are given."""
        value = self.without_exits.visit(copy.deepcopy(value))
        if not all(map(self._is_plain, ast.walk(value))):
            return False
        paths = [path for path in reads(value) if names is None or path in names]
        return all(self._is_told(path, environment) for path in paths)

    def _is_plain(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            root = root_of(node.func)
            if isinstance(node.func, ast.Name):
                return node.func.id in _FUNCTIONS and node.func.id not in self._source.callables
            own = root is not None and self._modules.get(root[0]) in _MODULES
            own = own and path_of(node.func)[0] is not None
            if own and root is not None:
                return _OUTSIDE.isdisjoint(root)
            return name_of(node) in _METHODS and name_of(node) not in self._source.callables
        return not isinstance(node, _ODD)

    def _is_told(self, path: Path, environment: Environment) -> bool:
        if path[0] in self._modules and path[0] not in self._scope.locals:
            return True  # a call of its functions changes nothing in it
        definitions, older = reaching(path, environment)
        if older and not self._is_known_outside(path):
            return False
        if definitions and self._has_alias(path[:1]):
            return False
        for definition in definitions:
            if definition in self._followed:
                continue
            self._followed[definition] = None
            value = definition.value
            if definition.call and self._only_reads(value):
                continue
            if value is None or definition.call or len(self._followed) > _MOST:
                return False
            if not self.tells(value, definition.before):
                return False
        return True

    def _only_reads(self, call: ast.AST | None) -> bool:
        """Say whether a call changes nothing that it is given, and gives no other name for it."""
        if not isinstance(call, ast.Call) or name_of(call) in self._source.callables:
            return False
        root = root_of(call.func) or ("",)
        own = self._modules.get(root[0]) == "torch" or isinstance(call.func, ast.Name)
        return own and name_of(call) in _READING

    def _is_known_outside(self, path: Path) -> bool:
        """Say whether what a name was before the function began is told: it is a function of
        Python's own, or whoever calls this one gives it.
        """
        name, scope = path[0], self._scope
        if name in scope.parameters:
            if name == scope.own or (len(path) > 1 and not path[1].startswith("[")):
                return False
            self.parameters[name,] = None
            return True
        if name in scope.locals or name in self._source.callables:
            return False
        return hasattr(builtins, name)

    def _has_alias(self, name: Path) -> bool:
        """Say whether another name stands for the same memory, or for a piece of it."""
        return any(
            isinstance(definition.value, (ast.Name, ast.Attribute, ast.Subscript))
            and root_of(definition.value) == name
            and definition.target[:1] != name
            for definition in self._scope.definitions
            if definition.value is not None
        )
