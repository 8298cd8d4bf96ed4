"""What an expression is made of: the values in it, and what goes on of what it reads.

By the source alone; the names in it are followed by ``slices.py``.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from gradviz.recording.reading.call_arguments import given_for, narrowed, parts_of_calls
from gradviz.recording.reading.called import functions_of
from gradviz.recording.reading.choosers import may_choose, may_rank
from gradviz.recording.reading.definitions import Environment, Scope
from gradviz.recording.reading.expressions import (
    Path,
    Range,
    element_of,
    holds,
    parted,
    path_of,
    range_of,
    read_in,
    reads,
    without_some,
)
from gradviz.recording.reading.filled_in import filled_in
from gradviz.recording.reading.guesses import fills_others, gives_elements, is_object, vague
from gradviz.recording.reading.held_functions import Callee, held_in, is_variable
from gradviz.recording.reading.keys import calls_with_keys, keys_there
from gradviz.recording.reading.left_there import ownerless
from gradviz.recording.reading.of_arrays import is_form, is_vague
from gradviz.recording.reading.operators import as_calls
from gradviz.recording.reading.parts import SOME, Piece, place_in
from gradviz.recording.reading.picked_out import with_maps_spelled
from gradviz.recording.reading.record_classes import pieces_given
from gradviz.recording.reading.sources import Source
from gradviz.recording.reading.ways import DIRECT, Expression, Way, alone, is_of_number


@dataclass(slots=True)
class Taking:
    """Takes expressions as what something is computed from, and the names in them as what is to be
    followed.
    """

    source: Source
    start: Scope
    exits: frozenset[Range] = frozenset()
    expressions: dict[Expression, None] = field(default_factory=dict)
    quiet: dict[Expression, None] = field(default_factory=dict)
    calls: dict[Range, None] = field(default_factory=dict)
    parameters: dict[Path, None] = field(default_factory=dict)
    attributes: dict[Path, None] = field(default_factory=dict)
    followed: set[tuple[int, Path, Way]] = field(default_factory=set)
    pending: list[tuple[Path, Scope, Environment, Way, int]] = field(default_factory=list)
    chooses: bool = False
    decides: bool = False
    orders: set[Range] = field(default_factory=set)  # calls that only put elements in order
    unsure: bool = False  # of something in the function itself it is not known whether it goes in

    def value(
        self,
        value: ast.AST,
        scope: Scope,
        environment: Environment,
        way: Way = DIRECT,
        taken: Path = (),
    ) -> None:
        """Take an expression as one that is computed from, and all that it reads.

        Of what a call returns the way says which part.
        """
        value = self._as_read(value, scope, environment, way)
        self.stands(value, scope, environment, way, taken)
        calls, line = calls_with_keys(value), getattr(value, "lineno", 0)
        loose = way.loose or is_vague(value, taken)
        among = self.vague_reads(value, scope, environment)
        for path in self.reads(value, scope, environment):
            vaguely = loose or path in among
            through = replace(way, computed=True, loose=vaguely, call=calls.get(path))
            self.pending.append((path, scope, environment, through, line))

    def _as_read(self, value: ast.AST, scope: Scope, environment: Environment, way: Way) -> ast.AST:
        """Return an expression with what is known of it put in."""
        filled = filled_in(ownerless(value, self.exits), keys_there(way.keys, scope, environment))
        spelled = with_maps_spelled(filled, self.source.callables.keys() - self.source.bases)
        return as_calls(spelled, self.source, scope, environment)

    def stands(
        self,
        value: ast.AST,
        scope: Scope,
        environment: Environment,
        way: Way = DIRECT,
        taken: Path = (),
    ) -> None:
        """Take an expression as one that is computed from, whatever the names in it stand for."""
        if isinstance(value, ast.Constant):
            return  # also one that stands where nothing is taken of a call
        self.note_choice(value, scope)
        given = self._given_in(value, scope, environment)
        unread = [item for call in given.values() for item, paths in call.items() if not paths]
        unread += (
            call.func
            for call in ast.walk(value)
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Lambda)
        )
        for source, inner in parted(value):
            unread.append(source)
            through = way if holds(value, source) else replace(way, computed=True)
            for piece in inner:
                if piece.alone:
                    self._alone(piece, through)
                elif path_of(piece.node)[0] is None:
                    left = without_some(("", *piece.way))[1:]
                    self.stands(piece.node, scope, environment, through, left)
        read = () if way.computed else tuple(read_in(value))
        several = tuple(map(range_of, self._vague(value, scope, environment)))
        out, place = tuple(map(range_of, unread)), range_of(value)
        loose = way.loose or fills_others(self.source, scope, way)
        if not is_vague(value, taken):  # all that goes into it goes into the part
            taken = taken[:1] if taken and place_in(taken[0]) is not None else ()
        whole = Expression(place, taken, way.object, not way.kept, loose, read, out, several)
        self._take(whole, way)

    def note_choice(self, value: ast.AST, scope: Scope) -> None:
        """Remember whether a value may be chosen by others, and whether by such as are not
        followed.
        """
        self.chooses = self.chooses or scope.chooses(value)
        self.decides = self.decides or scope.chooses(value, by_keys=False)

    def reads(self, value: ast.AST, scope: Scope, environment: Environment) -> list[Path]:
        """Return the paths that an expression reads, of a call's arguments what its result has."""
        return [*reads(narrowed(value, self._given_in(value, scope, environment)))]

    def _given_in(
        self, value: ast.AST, scope: Scope, environment: Environment
    ) -> dict[ast.AST, dict[ast.expr, list[Path]]]:
        """Return of each call in an expression what is wanted of its arguments, where that can be
        told.
        """
        calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
        parts = parts_of_calls(value) if calls else {}
        wanted = ((call, parts.get(call, ())) for call in calls)
        return {
            call: given
            for call, part in wanted
            if (given := self._given(call, scope, environment, part))
        }

    def part(
        self, value: ast.AST, taken: Path, scope: Scope, environment: Environment, way: Way
    ) -> None:
        """Take a part of an expression's value as one that is computed from."""
        value = self._as_read(value, scope, environment, way)
        way = replace(way, computed=way.computed or may_rank(value))
        for piece in pieces_given(value, taken, self.source.records):
            self._piece(piece, scope, environment, way)

    def _piece(self, piece: Piece, scope: Scope, environment: Environment, way: Way) -> None:
        node, left = piece.node, without_some(("", *piece.way))[1:]
        self.note_choice(node, scope)
        if piece.alone:
            self._alone(piece, way)
        if piece.alone or isinstance(node, ast.Constant):
            return
        own, indices = element_of(node)
        if own is not None:
            self._take(Expression(range_of(node), (), way.object, not way.kept, way.loose), way)
            path, line = without_some((*own, *piece.way)), getattr(node, "lineno", 0)
            self.pending.append((path, scope, environment, way, line))
            for index in indices:
                self.value(index, scope, environment, way)
            return
        left = () if left and is_of_number(node, left) else left
        if left and self._passes(node, left, scope, environment, way):
            return
        if piece.way[:1] == (SOME,) and gives_elements(self.source, node):
            self._take(alone(node, way)._replace(taken=piece.way), way)  # as it is gone through
        if not isinstance(node, ast.Call) if left else is_object(self.source, node):
            way, left = replace(way, loose=True), ()
        self.value(node, scope, environment, way, left)

    def _alone(self, piece: Piece, way: Way) -> None:
        if not is_form(piece.way):
            self._take(alone(piece.node, way), way)

    def _passes(
        self, node: ast.AST, left: Path, scope: Scope, environment: Environment, way: Way
    ) -> bool:
        """Take of a call's object and arguments what a part of its result has; say whether that
        can be told.
        """
        if not isinstance(node, ast.Call) or any(isinstance(x, ast.Starred) for x in node.args):
            return False
        functions = functions_of(self.source, node, scope, environment)
        inner = self.source.scope(functions[0]) if len(functions) == 1 else None
        passed = None if inner is None else self._part_passed(inner, left)
        if inner is None or passed is None:
            return False
        onward = replace(way, computed=True)
        for path in passed:
            if path[0] != inner.own:
                given = given_for(node, path, inner)
            else:
                given = [(node.func.value, path)] if isinstance(node.func, ast.Attribute) else []
            for argument, wanted in given:
                self.part(argument, wanted[1:], scope, environment, onward)
        parts = (node.func, *node.args, *(word.value for word in node.keywords))
        unread = tuple(map(range_of, parts))
        whole = Expression(range_of(node), left, way.object, not way.kept, way.loose, (), unread)
        self._take(whole, way)
        return True

    def _take(self, expression: Expression, way: Way) -> None:
        (self.quiet if way.quiet else self.expressions)[expression] = None

    def _given(
        self, value: ast.Call, scope: Scope, environment: Environment, taken: Path
    ) -> dict[ast.expr, list[Path]]:
        """Return what the function's results, or a part of them, have of each argument of a call;
        nothing where that cannot be told.
        """
        if is_variable(self.source, value.func, scope, environment):
            held = held_in(self.source, value.func, scope, environment)
        else:
            held = [Callee(item) for item in functions_of(self.source, value, scope, environment)]
        return self._given_by(value, held, taken) or {}

    def _given_by(
        self, call: ast.Call, functions: Sequence[Callee], taken: Path = ()
    ) -> dict[ast.expr, list[Path]] | None:
        """Return what the results of some functions have of each argument of a call; nothing where
        they may have something of all, None where it is not the same of each function.
        """
        wants = [self._given_to(call, function, taken) for function in functions]
        alike = wants and all(other == wants[0] for other in wants)
        return wants[0] if alike else None

    def _given_to(self, call: ast.Call, held: Callee, taken: Path) -> dict[ast.expr, list[Path]]:
        inner = None if held.function is None else self.source.scope(held.function)
        passed = None if inner is None else self._had_of(inner, taken)
        if inner is None or passed is None or any(isinstance(x, ast.Starred) for x in call.args):
            return {}
        given: dict[ast.expr, list[Path]] = {
            argument: [] for argument in (*call.args, *(word.value for word in call.keywords))
        }
        for wanted in (path for path in passed if path[0] != inner.own):
            for argument, of_it in given_for(held.called_by(call), wanted, inner):
                if isinstance(argument, ast.expr) and argument in given:
                    given[argument].append(("", *of_it[1:]))  # whatever the parameter is called
        return given

    def _had_of(self, function: Scope, taken: Path) -> Iterable[Path] | None:
        """Return the parameters that a part of what a function returns has something of; where it
        may decide between values, those of all that it returns.
        """
        part = None
        if taken and not may_choose(function.node, by_keys=False):
            part = self._part_passed(function, taken)
        return self._passed_on(function) if part is None else part

    def _vague(self, value: ast.AST, scope: Scope, environment: Environment) -> Iterator[ast.expr]:
        return vague(value, lambda call: self._is_unknown(call, scope, environment))

    def vague_reads(self, value: ast.AST, scope: Scope, environment: Environment) -> set[Path]:
        """Return the paths that are read where an expression need not go on in its value."""
        vaguely = self._vague(value, scope, environment)
        return {path for part in vaguely for path in reads(part)}

    def _is_unknown(self, call: ast.Call, scope: Scope, environment: Environment) -> bool:
        """Say whether it cannot be told what a call of no function's own name takes in."""
        called = call.func
        if isinstance(called, (ast.Lambda, ast.Attribute)):
            return False
        if not is_variable(self.source, called, scope, environment):
            return not isinstance(called, ast.Name)
        held = held_in(self.source, called, scope, environment)
        return self._given_by(call, held) is None

    def _passed_on(self, scope: Scope) -> frozenset[Path] | None:
        """Return the parameters that what a function returns has something of, and what of them;
        None where that cannot be told.
        """
        raise NotImplementedError

    def _part_passed(self, scope: Scope, taken: Path) -> tuple[Path, ...] | None:
        """Return the ways from a function's parameters, and from a method's object, to what a part
        of its result is computed from; None where that cannot be told.
        """
        raise NotImplementedError
