"""Names that still hold what was read of them on the way to a call: which number that is, is told
by the object itself then.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from gradviz.recording.reading.choosers import ORDERS, may_rank
from gradviz.recording.reading.definitions import Definition, Environment, Scope
from gradviz.recording.reading.expressions import Path, Range
from gradviz.recording.reading.owners import changed_within
from gradviz.recording.reading.slices import Slicer
from gradviz.recording.reading.ways import Slice, Way

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)


@dataclass(eq=False)
class Follower(Slicer):
    """Follows what goes into a call, and says which names it came by that hold it still.

    Attributes:
        at_call: What the paths stand for at the call.
        place: Where the call stands.
        settled: Paths of which it is known what they hold, which are not followed.
        unchanged: Paths that hold what was read of them.
    """

    at_call: Environment = field(default_factory=dict)
    place: Range = (0, 0, 0, 0)
    settled: frozenset[Path] = frozenset()
    unchanged: dict[Path, None] = field(default_factory=dict)

    def _follow(
        self, path: Path, scope: Scope, environment: Environment, way: Way, line: int
    ) -> None:
        if (
            scope is self.start
            and not way.loose
            and self._holds_still(path, environment, way, line)
        ):
            if path in self.settled:
                return
            self.unchanged[path] = None
        Slicer._follow(self, path, scope, environment, way, line)

    def _holds_still(self, path: Path, environment: Environment, way: Way, line: int) -> bool:
        name, scope = path[0], self.start
        if name not in scope.locals:
            return False
        if line and (way.kept or way.quiet or self._is_in_a_loop(line)):
            return False
        if line and _of(name, environment) != _of(name, self.at_call):
            return False
        values = (item.value for held in _of(name, environment).values() for item in held)
        if any(v is not None and (may_rank(v, ORDERS) or scope.chooses(v)) for v in values):
            return False  # which of them it is depends on the others
        return name not in self._bound_within and not any(changed_within(self.source, name, scope))

    def _is_in_a_loop(self, line: int) -> bool:
        """Say whether a line runs again and again before the call does."""
        return any(
            first < line <= last and not first < self.place[0] <= last
            for first, last in self._loops
        )

    @cached_property
    def _loops(self) -> list[tuple[int, int]]:
        loops = (node for node in ast.walk(self.start.node) if isinstance(node, _LOOPS))
        return [(loop.lineno, loop.end_lineno or loop.lineno) for loop in loops]

    @cached_property
    def _bound_within(self) -> frozenset[str]:
        """The names that comprehensions in the function give their own values."""
        return frozenset(_bound_in(self.start))

    def finished(self) -> Slice | None:
        """Return what was come to, with the names that hold it still; None where it is too much."""
        sliced = Slicer.finished(self)
        return None if sliced is None else replace(sliced, unchanged=tuple(self.unchanged))


def _of(name: str, environment: Environment) -> dict[Path, frozenset[Definition]]:
    return {target: held for target, held in environment.items() if target[0] == name}


def _bound_in(scope: Scope) -> Iterator[str]:
    """Yield the names that comprehensions in a function give their own values."""
    for node in ast.walk(scope.node):
        if isinstance(node, _COMPREHENSIONS):
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id
                elif isinstance(part, ast.arg):
                    yield part.arg
