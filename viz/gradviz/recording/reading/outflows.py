"""Where a value goes when its function ends, and what is written through memory that it gave out.

By the source alone, as the slices of ``slices.py``.
"""

import ast
from collections.abc import Container, Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import dropwhile
from types import CodeType

from gradviz.recording.reading.definitions import Definition, Environment, Scope
from gradviz.recording.reading.expressions import Path, Range, is_inside, range_of, root_of
from gradviz.recording.reading.instructions import place_of, position_of, scope_of
from gradviz.recording.reading.of_arrays import has_numbers
from gradviz.recording.reading.parts import is_element, place_in
from gradviz.recording.reading.slices import Slicer, computes
from gradviz.recording.reading.sources import Source
from gradviz.recording.reading.starts import computes_in_place
from gradviz.recording.reading.ways import DIRECT, Expression, Slice
from gradviz.recording.reading.where import by_file


@dataclass(frozen=True, slots=True)
class Outflow:
    """Where a value goes when its function ends.

    Attributes:
        parts: It is returned: as the whole (None), or as these elements of a tuple.
        changes: It is written into something that the function was given.
        loose: It may be in that; the source does not tell.
    """

    parts: tuple[int | None, ...] = ()
    changes: bool = False
    loose: bool = False


@dataclass(eq=False, slots=True)
class Route:
    """The instructions by which a value came up: by the first it left torch, and by each other the
    function was called that the one before stands in.

    Attributes:
        code, lasti: The last instruction.
        below: Those before it.
        origin: The first.
        length: How many they are.
    """

    code: CodeType
    lasti: int
    below: "Route | None" = None
    origin: tuple[CodeType, int] = field(init=False)
    length: int = field(init=False)

    def __post_init__(self) -> None:
        """Take what is the same all the way."""
        self.origin = (self.code, self.lasti) if self.below is None else self.below.origin
        self.length = 1 if self.below is None else self.below.length + 1


_ROUTES: dict[tuple[int, int, int], Route] = {}
_MOST = 4096
_LONGEST = 8  # as of a function that calls itself


def route(code: CodeType, lasti: int, below: Route | None = None) -> Route:
    """Return a route; of the same instructions, the same one, and of too many the first of them."""
    if below is not None and below.length >= _LONGEST:
        return below
    key = (id(code), lasti, id(below))  # both are held by what stands under the key
    held = _ROUTES.get(key)
    if held is None:
        if len(_ROUTES) >= _MOST:
            _ROUTES.clear()
        held = _ROUTES[key] = Route(code, lasti, below)
    return held


@dataclass(frozen=True, slots=True)
class Inflow:
    """What came out of the functions below an instruction.

    Attributes:
        route: By which it came.
        depth: How many calls below it left torch.
        parts: Which elements of what the call gave; None for the whole.
    """

    route: Route
    depth: int
    parts: tuple[int | None, ...]

    def is_loose(self, taken: Path) -> bool | None:
        """Say whether it is a guess that what left is in a part of what the call gave; None where
        it is not in it.
        """
        if self.depth == 0:
            attribute = next(dropwhile(is_element, taken), "")
            if not attribute:
                return False  # of a list that left, every element has; those of an array are arrays
            if (has_them := has_numbers(attribute)) is not None:
                return False if has_them else None
        if self.depth == self.route.length:
            goes = _goes_up(self.route, taken)
            if goes is not None or self.depth == 1:
                return None if goes is False else False
        place = place_in(taken[0])
        if place is not None and place >= 0 and not {None, place} & set(self.parts):
            return None
        return place is None or len(taken) > 1


def _goes_up(route: Route, taken: Path) -> bool | None:
    """Say whether what left goes into a part of what the last call of a route gave; None where that
    cannot be told.
    """
    ways = ways_into(route.code, route.lasti, taken)
    if ways is None or route.below is None:
        return None if ways is None else bool(ways)
    goes = [_goes_up(route.below, way.taken) if way.taken else True for way in ways]
    unsure = [None for way, onward in zip(ways, goes, strict=True) if way.loose and onward]
    if True in goes and not unsure:
        return True
    return None if unsure or None in goes else False


@by_file
def outflow(code: CodeType, lasti: int, changed: bool, inflow: Inflow) -> Outflow:
    """Say where the value of an instruction goes when its function ends.

    Where it changed what it was given, that too.
    """
    source_and_scope, position = scope_of(code), position_of(code, lasti)
    if source_and_scope is None or position is None:
        return Outflow()
    parts: dict[int | None, None] = {}
    loose = True
    for number, values, sliced in _result_slices(code):
        covering = (_way(item, position, inflow) for item in sliced.expressions)
        ways = [way for way in covering if way is not None and inflow.parts]
        changed_there = changed and position in sliced.calls
        if ways or changed_there:
            parts[number if values > 1 else None] = None
        loose = loose and not changed_there and all(way.loose for way in ways)
    changes = any(
        _passes_on(code, definition, position, changed=changed)
        for definition in _changes_of_given(source_and_scope[1])
    )
    return Outflow(tuple(parts), changes, loose and not changes)


def _changes_of_given(scope: Scope) -> Iterator[Definition]:
    """Yield what changes the arguments of a function, or an attribute or element of them."""
    given = set(scope.parameters) - {"self", "cls", scope.own}
    for definition in scope.definitions:
        if definition.target[0] in given and (definition.change or len(definition.target) > 1):
            yield definition


def _passes_on(code: CodeType, definition: Definition, position: Range, *, changed: bool) -> bool:
    """Say whether the value of an instruction goes into what a definition gives; of a call that may
    change what it gets, whether it is the instruction, and it ``changed`` that.
    """
    if definition.value is None:
        return False
    if definition.call:
        return changed and position == range_of(definition.value)
    return _reaches(code, definition, position)


def _way(expression: Expression, position: Range, inflow: Inflow) -> Expression | None:
    return expression.way_of(position, lambda taken: [inflow.is_loose(taken)])


@by_file
def kept_in(code: CodeType, lasti: int) -> frozenset[str]:
    """Return the attributes of a method's object that are computed from the value of an
    instruction, and that nothing else in the file gives a value but a constant.
    """
    source_and_scope, position = scope_of(code), position_of(code, lasti)
    if source_and_scope is None or position is None or not source_and_scope[1].own:
        return frozenset()
    source, scope = source_and_scope
    return frozenset(
        definition.target[1]
        for definition in scope.definitions
        if len(definition.target) > 1
        and definition.target[0] == scope.own
        and not definition.call
        and definition.value is not None
        and range_of(definition.value) != position
        and _is_alone(source, definition.target[1], definition)
        and _reaches(code, definition, position)
    )


def _is_alone(source: Source, name: str, definition: Definition) -> bool:
    others = (other for _, other in source.givers(name) if other is not definition)
    return all(isinstance(other.value, ast.Constant) for other in others)


@by_file
def _result_slices(code: CodeType) -> tuple[tuple[int, int, Slice], ...]:
    source_and_scope = scope_of(code)
    slices: list[tuple[int, int, Slice]] = []
    if source_and_scope is not None:
        for values, names_there in source_and_scope[1].results:
            for number, value in enumerate(values):
                slicer = Slicer(source_and_scope[0], source_and_scope[1])
                slicer.value(value, source_and_scope[1], names_there)
                sliced = slicer.finished()
                if sliced is not None:
                    slices.append((number, len(values), sliced))
    return tuple(slices)


def goes_into(code: CodeType, lasti: int, taken: Path) -> bool:
    """Say whether the value of an instruction goes into a part of what its function returns or
    yields; where that cannot be told, it does.
    """
    return ways_into(code, lasti, taken) != ()


@by_file
def ways_into(code: CodeType, lasti: int, taken: Path) -> tuple[Expression, ...] | None:
    """Return how the value of an instruction goes into a part of what its function returns or
    yields, each time with the part of that value; None where that cannot be told.
    """
    scoped, position = scope_of(code), position_of(code, lasti)
    if scoped is None or position is None:
        return None
    source, scope = scoped
    if _yields(scope):
        taken = taken[1:]
    slicer = Slicer(source, scope)
    for values, environment in scope.results:
        place = place_in(taken[0]) if len(values) > 1 and taken else None
        if place is not None:
            for value in values[place : place + 1 or None]:
                slicer.part(value, taken[1:], scope, environment, DIRECT)
        else:
            rest = taken[1:] if len(values) > 1 else taken
            for value in values:
                slicer.part(value, rest, scope, environment, DIRECT)
    sliced = slicer.finished()
    if sliced is None:
        return None
    ways = (way for way in sliced.expressions if way.covers(position))
    return tuple(way if way.range == position else way._replace(taken=()) for way in ways)


def _yields(scope: Scope) -> bool:
    """Say whether a function gives one element after the other, or is called for each."""
    if scope.owner and getattr(scope.node, "name", "") == "__next__":
        return True
    makers = map(ast.unparse, getattr(scope.node, "decorator_list", ()))
    if any(maker.endswith("contextmanager") for maker in makers):
        return False  # ``as`` gives what it yields
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(scope.node))


def _reaches(code: CodeType, definition: Definition, position: Range) -> bool:
    source_and_scope = scope_of(code)
    if source_and_scope is None or definition.value is None:
        return False
    slicer = Slicer(source_and_scope[0], source_and_scope[1])
    slicer.value(definition.value, definition.scope, definition.before)
    sliced = slicer.finished()
    return sliced is not None and any(
        expression.covers(position) for expression in sliced.expressions
    )


@by_file
def names_of_memory(code: CodeType, lasti: int) -> tuple[Path, ...]:
    """Return the names by which a function has a piece of memory that an instruction gave out."""
    source_and_scope, position = scope_of(code), position_of(code, lasti)
    if source_and_scope is None or position is None:
        return ()
    scope = source_and_scope[1]
    names = {
        definition.target[:1] for definition in scope.definitions if _gives(definition, position)
    }
    for node in ast.walk(scope.node):
        if isinstance(node, ast.Call) and range_of(node) == position:
            receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
            names |= {
                root[:1]
                for part in (*receiver, *node.args)
                for root in [root_of(part)]
                if root is not None
            }
    for definition in scope.definitions * 2:  # names for the same memory, and names for these
        root = None if definition.value is None or definition.change else root_of(definition.value)
        if root is not None and root[:1] in names:
            names.add(definition.target[:1])
    return tuple(names)


@by_file
def written_through(code: CodeType, lasti: int, now: int | None = None) -> Slice | None:
    """Return what was written through a piece of memory that an instruction gave out, by the names
    that it goes by.

    Args:
        code, lasti: The instruction.
        now: The one that runs in the same function; None where that has ended.
    """
    return _slice_of_writes(code, lasti, plain=False, now=now)


@by_file
def filled_through(code: CodeType, lasti: int) -> Slice | None:
    """Return what was written into memory that an instruction gave out, as it is; None where
    nothing was, or what was may have been computed from what was there.
    """
    return _slice_of_writes(code, lasti, plain=True)


def _slice_of_writes(
    code: CodeType, lasti: int, *, plain: bool, now: int | None = None
) -> Slice | None:
    source_and_scope = scope_of(code)
    if source_and_scope is None or position_of(code, lasti) is None:
        return None
    source, scope = source_and_scope
    names = names_of_memory(code, lasti)
    changes = _changes(scope, {name[0] for name in names})
    if plain:
        wrote = any(not definition.call for definition in changes)
        others = read_from(scope, {name[0] for name in names})
        changes = [*changes, *_changes(scope, others)]
        if not wrote or not _only_write(source, changes, {name[0] for name in names}):
            return None
    ends = () if plain else _environments(scope, code, now)
    if ends:
        changes = [item for item in changes if not all(_is_over(item, scope, end) for end in ends)]
    slicer = Slicer(source, scope)
    for definition in changes:
        if not (plain and definition.call) and definition.value is not None:
            slicer.value(definition.value, scope, definition.before)
    for index, environment in _indices(scope, names) if plain else ():
        slicer.value(index, scope, environment)
    return slicer.finished()


def _environments(scope: Scope, code: CodeType, now: int | None) -> list[Environment]:
    """Return what the paths stand for where a function is, or where it can have ended; nothing
    where that is not known.
    """
    if now is not None:
        place = place_of(code, now)
        return [] if place is None else [place[1]]
    body = scope.node.body
    returns = isinstance(body, list) and isinstance(body[-1], ast.Return)
    return [environment for _, environment in scope.results] if returns else []


def _is_over(change: Definition, scope: Scope, environment: Environment) -> bool:
    """Say whether all that a change wrote was written over since, by the one name of the memory."""
    path = change.target
    now = environment.get(path)
    if len(path) > 1 or now is None or change in now or path[0] not in scope.locals:
        return False
    given = [item for item in scope.definitions if item.target == path and not item.change]
    made = [item.value for item in given if item.value is not None]
    loops = (node for node in ast.walk(scope.node) if isinstance(node, (ast.For, ast.While)))
    return (
        len(made) == 1
        and path[0] not in scope.parameters
        and not any(is_inside(range_of(made[0]), range_of(loop)) for loop in loops)
    )


def _indices(scope: Scope, names: Container[Path]) -> Iterator[tuple[ast.expr, Environment]]:
    """Yield what chooses the elements of some names that a function assigns to."""
    for node in ast.walk(scope.node):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            root = root_of(target)
            if root is not None and root[:1] in names and id(node) in scope.at:
                for part in ast.walk(target):
                    if isinstance(part, ast.Subscript):
                        yield part.slice, scope.at[id(node)]


def read_from(scope: Scope, names: Set[str]) -> set[str]:
    """Return the names that a function gives something of what some others hold: it may be the same
    memory.
    """
    return {
        definition.target[0]
        for definition in scope.definitions
        if definition.value is not None and not definition.change
        for part in ast.walk(definition.value)
        if isinstance(part, ast.Name) and part.id in names
    }


def _changes(scope: Scope, names: Set[str]) -> list[Definition]:
    return [item for item in scope.definitions if item.change and item.target[0] in names]


def _only_write(source: Source, changes: Sequence[Definition], names: Set[str]) -> bool:
    """Say whether some changes of an array put there only what they are given, every time."""
    writes = [definition for definition in changes if not definition.call]
    calls = [definition.value for definition in changes if isinstance(definition.value, ast.Call)]
    return (
        not any(computes(source, definition) for definition in writes)
        and not any(item.value and item.scope.branches(item.value) for item in writes)
        and not any(computes_in_place(call, source, names) for call in calls)
    )


def _gives(definition: Definition, position: Range) -> bool:
    return (
        definition.value is not None
        and not definition.change
        and is_inside(position, range_of(definition.value))
    )
