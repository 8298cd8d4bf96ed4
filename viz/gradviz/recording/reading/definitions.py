"""What the paths in a function stand for: definitions, and the scopes that they stand in.

A definition is an assignment or a change of what a name holds. An assignment ends the definitions
before it, a change adds to them.
"""

import ast
from dataclasses import dataclass, field
from functools import cached_property

from gradviz.recording.reading.choosers import branches_in, may_choose
from gradviz.recording.reading.expressions import Path
from gradviz.recording.reading.parts import is_open

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module

# What makes its argument an element
_ADDS = frozenset("[] append insert appendleft push put setdefault heappush".split())


EACH = "each"
"""What a name of a comprehension goes by: it stands for one element after the other."""


@dataclass(eq=False, slots=True)
class Definition:
    """A place where a path gets a value, or what it holds is changed.

    Attributes:
        target: The path.
        value: The expression; a function's own node for a ``def``; None for what is imported.
        taken: The way to the part of the value that it gets; empty for the whole.
        change: It adds to what the path stood for.
        call: Only by a call that may change its argument: it counts where the call was seen to do
            so.
        scope: The function it stands in.
        before: What the paths stood for when the value was computed.
        keyed: It fills one element, whose key is computed.
        key: The name that is the key of the element that is changed; empty for any other.
        by: What changes it: a method's name, ``[]`` where an element is assigned to; empty for
            any other.
        into: The way from the path to what is changed, where that is an element of it.
        places: What is computed to choose the element that is changed.
    """

    target: Path
    value: ast.AST | None
    taken: Path
    change: bool
    call: bool
    scope: "Scope"
    before: "Environment" = field(default_factory=dict)
    keyed: bool = False
    by: str = ""
    into: Path = ()
    key: str = ""
    places: tuple[ast.expr, ...] = ()

    @property
    def adds(self) -> bool:
        """The value becomes an element, and what is in the others stays."""
        return self.by in _ADDS


Environment = dict[Path, frozenset[Definition]]


BEFORE = Definition((), None, (), False, False, None)  # type: ignore[arg-type]  # what a path stood for before the function began


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
    def own(self) -> str:
        """Name of the object that it is a method of, most often ``self``; empty for a function."""
        decorators = getattr(self.node, "decorator_list", ())
        static = any(getattr(item, "id", "") == "staticmethod" for item in decorators)
        return self.parameters[0] if self.owner and self.parameters and not static else ""

    @cached_property
    def locals(self) -> set[str]:
        """Names that are its own, once it is read."""
        assigned = {
            item.target[0] for item in self.definitions if len(item.target) == 1 and not item.change
        }
        return (assigned | set(self.parameters)) - self.outside

    @property
    def file(self) -> Function:
        """The level of its file."""
        scope = self
        while scope.outer is not None:
            scope = scope.outer
        return scope.node

    def chooses(self, value: ast.AST, *, by_keys: bool = True) -> bool:
        """Say whether a value in it may be chosen by other values than the one that it is."""
        return may_choose(value, by_keys=by_keys) or self.branches(value)

    def branches(self, value: ast.AST) -> bool:
        """Say whether a value in it stands in a branch that a comparison of values opens."""
        line = getattr(value, "lineno", 0)
        return any(first <= line <= last for first, last in self._branches)

    @cached_property
    def _branches(self) -> list[tuple[int, int]]:
        return list(branches_in(self.node))


def reaching(path: Path, environment: Environment) -> tuple[list[Definition], bool]:
    """Return the definitions that a path can stand for, and whether it can be what it was before
    the function began.
    """
    reached: dict[Definition, None] = {}
    older = True
    for length in range(len(path), 0, -1):
        held = environment.get(path[:length])
        if held is None:
            continue
        reached.update((item, None) for item in held if item is not BEFORE)
        if BEFORE not in held:
            older = False
            break
    some = next((at for at, part in enumerate(path) if is_open(part)), len(path))
    for target, held in environment.items():
        if len(target) > some and target[:some] == path[:some] and target[some].startswith("["):
            reached.update((item, None) for item in held if item is not BEFORE)
    return list(reached), older
