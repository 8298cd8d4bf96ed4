"""How a value is come to on the way backwards, and what is come to."""

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import NamedTuple

from gradviz.recording.reading.definitions import EACH, Definition, Scope
from gradviz.recording.reading.expressions import Path, Range, is_inside, path_of, range_of
from gradviz.recording.reading.parts import PAIRS, SOME, may_be_same, name_of, of_pair, place_in

# Methods that objects of the user's have as well: what they are given is no attribute of these
_OF_OBJECTS = frozenset("update add push put".split())

_NUMBERS = frozenset(
    "int float complex abs round pow sum Fraction Decimal limit_denominator conjugate".split()
)


class Expression(NamedTuple):
    """An expression that something is computed from.

    Attributes:
        range: Where it stands.
        taken: The way to the part of its value that counts; empty for all.
        object: The path of the object whose method it stands in; empty for any.
        last: Only what it gave last: nothing that it gave before is kept.
        loose: Only a part of its value counts, and the source does not tell which.
        read: Calls in it whose value is passed on as it is: it is only read on its way.
        unread: What stands in it and it takes nothing of, or only a part that is told beside it.
        several: Texts in it that hold more than one number.
    """

    range: Range
    taken: Path = ()
    object: Path = ()
    last: bool = True
    loose: bool = False
    read: tuple[Range, ...] = ()
    unread: tuple[Range, ...] = ()
    several: tuple[Range, ...] = ()

    @property
    def vague(self) -> bool:
        """A part is meant, and the source does not tell what of its arguments a call puts there."""
        return bool(self.taken) and (len(self.taken) > 1 or place_in(self.taken[0]) is None)

    def covers(self, position: Range | None) -> bool:
        """Say whether the value of an instruction counts."""
        if not is_inside(position, self.range):
            return False
        return not any(is_inside(position, argument) for argument in self.unread)

    def way_of(
        self, position: Range | None, parts: Callable[[Path], Iterable[bool | None]]
    ) -> "Expression | None":
        """Return how the value of an instruction comes in by it; None where it does not.

        Args:
            position: Of the instruction.
            parts: Says, where it calls a function, whether it is a guess that what left in there is
                in a part of what the call gave; None where it is not in it.
        """
        if position is None or not self.covers(position):
            return None
        loose = self.loose or any(is_inside(position, text) for text in self.several)
        if not self.taken or position != self.range:
            return self._replace(loose=loose or self.vague)
        guesses = set(parts(self.taken)) - {None}
        return self._replace(loose=loose or False not in guesses) if guesses else None


@dataclass(frozen=True, slots=True)
class Slice:
    """What some expressions are computed from.

    Attributes:
        expressions: All of them.
        calls: Calls that may have changed what goes in.
        parameters: Of the function, and what of them: ``("state", "mean")`` for ``state.mean``.
        quiet: Expressions in the functions that are called on the way: what leaves torch in there
            is known where they are called, but for what leaves in a thread of its own.
        written: Paths that it starts at and that stand in a text of several numbers.
        attributes: Paths of attributes in the function itself: what they hold goes in.
        unchanged: Paths in the function itself that still hold what was read of them.
        chooses: Which of its values it is may depend on the others.
        decides: And not only on what they are ranked by, which is among the expressions.
        shifts: By how many lines each of the files is moved that were read as one.
    """

    expressions: tuple[Expression, ...] = ()
    calls: tuple[Range, ...] = ()
    parameters: tuple[Path, ...] = ()
    quiet: tuple[Expression, ...] = ()
    written: frozenset[Path] = frozenset()
    attributes: tuple[Path, ...] = ()
    unchanged: tuple[Path, ...] = ()
    chooses: bool = False
    decides: bool = False
    shifts: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Way:
    """How an expression was come to.

    Attributes:
        object: The path of the object whose method or attribute it is; empty for any other.
        quiet: It is part of what a function returns: what leaves torch in there is known where the
            function was called.
        kept: By something that keeps what was computed before: a sum, a list, a loop that comes
            round.
        loose: It was a part of something, and the source does not tell which.
        computed: Something may have been computed on the way.
        call: The call whose result it is.
        keys: What parameters of functions are, as parts: ``k`` is ``['loss']``.
        made: The calls that made the object, by identity; nothing where that is not known.
    """

    object: Path = ()
    quiet: bool = False
    kept: bool = False
    loose: bool = False
    computed: bool = False
    call: ast.Call | None = None
    keys: tuple[tuple[Scope, str, str], ...] = ()
    made: frozenset[int] = frozenset()


DIRECT = Way()


def alone(node: ast.AST, way: Way) -> Expression:
    """Return an expression that is come to, but nothing that stands in it."""
    inner = tuple(range_of(part) for part in ast.iter_child_nodes(node) if hasattr(part, "lineno"))
    read = () if way.computed else (range_of(node),)
    return Expression(range_of(node), (), way.object, not way.kept, way.loose, read, inner)


def joined_to(target: Path, name: str, rest: Path) -> Path:
    """Return the path of what a definition gives a part of an attribute; nothing where it gives
    another part.
    """
    given = target[target.index(name, 1) + 1 :]
    parted = any(a != b and a[:2] == b[:2] == "['" for a, b in zip(given, rest, strict=False))
    return () if parted else (*target, *rest[len(given) :])


def of_argument(argument: ast.AST, wanted: Path) -> Path:
    """Return the way to the part of an argument that a parameter's path means."""
    if path_of(argument)[0] is not None:
        return wanted[1:]
    return tuple(takewhile(lambda part: part.startswith("["), wanted[1:]))


def within(definition: Definition, suffix: Path) -> Path | None:
    """Return the way to a part of a change's value, by the way to a part of what was changed; None
    where it fills another part.
    """
    if suffix[:1] == (PAIRS,):
        if definition.by not in ("append", "insert", "appendleft") or definition.into:
            return within(definition, suffix[1:] or (SOME,))
        pair = of_pair(definition.value, suffix[1:]) if definition.value is not None else []
        return pair[0].way if pair else None
    if not suffix or not suffix[0].startswith("["):
        return suffix if definition.by in _OF_OBJECTS else ()
    if any(not may_be_same(a, b) for a, b in zip(definition.into, suffix, strict=False)):
        return None
    left = suffix[len(definition.into) :]
    is_element = definition.adds and definition.by != "[]"
    return left[1:] if is_element and left[:1] and left[0].startswith("[") else left


def is_of_number(node: ast.AST, way: Path) -> bool:
    """Say whether a part is an attribute of what arithmetic gave: ``.real`` of ``(a * b).real``.

    All of the number is in it.
    """
    makes = isinstance(node, (ast.BinOp, ast.UnaryOp)) or (
        isinstance(node, ast.Call) and name_of(node) in _NUMBERS
    )
    return makes and not way[0].startswith(("[", PAIRS))


def by_place(definition: Definition, path: Path, way: Way) -> Way:
    """Return how what chose the element that a change fills is come to: in another place is another
    value then. Of an element it is open whether that is the one.
    """
    return replace(way, computed=True, loose=way.loose or len(path) > len(definition.target))


def has_attribute(path: Path) -> bool:
    """Say whether a path ends in an attribute, or in an element of one."""
    return any(not part.startswith("[") for part in path[1:])


def has_moved(definition: Definition, suffix: Path) -> bool:
    """Say whether an element's place depends on what was there, as after ``rows += more``."""
    joined = definition.change and not definition.adds and definition.by != EACH
    return joined and suffix[:1] != () and place_in(suffix[0]) is not None and not definition.into
