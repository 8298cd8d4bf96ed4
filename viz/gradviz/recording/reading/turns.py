"""Which element of what a comprehension goes through one of its results is made of.

``{k: mean(v) for k, v in log.items()}["loss"]`` is made of ``log["loss"]``, and of
``S, A = [array(z) for z in zip(*rows)]`` what is in ``A`` of element 1 of each row. While one runs,
its own iterator and the key tell the turn.
"""

import ast
from collections import OrderedDict
from dataclasses import replace
from types import CodeType, FrameType
from typing import Any, NamedTuple

from gradviz.recording.reading.definitions import EACH, Environment
from gradviz.recording.reading.expressions import range_of
from gradviz.recording.reading.instructions import COMPREHENSIONS, scope_of
from gradviz.recording.reading.parts import SOME
from gradviz.recording.reading.picked_out import goes_through_columns, names_of_items
from gradviz.recording.reading.where import by_file, variables

Turn = tuple[tuple[str, str], ...]
"""Names, and the elements that they stand for in a turn: ``v`` and ``['loss']``."""

_MOST = 64  # turns that are told apart
_ITEMS: tuple[type, ...] = (type(iter({}.items())), type(iter(OrderedDict().items())))
_IN_ROW: tuple[type, ...] = (type(iter(())), type(iter([])))
_KINDS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class _Given(NamedTuple):
    """What a comprehension gives its names: with a key the element there, else a column."""

    key: str
    names: tuple[str, ...]


def turn_of(frame: FrameType) -> Turn:
    """Return what the names of a comprehension stand for in the turn that a frame is in; nothing
    where that cannot be told, or in any other frame.
    """
    given = _names_in(frame.f_code) if frame.f_code.co_name in COMPREHENSIONS else None
    if given is None:
        return ()
    held = variables(frame, ".0", given.key)
    iterator = held.get(".0")
    if given.key:
        key = held.get(given.key)
        written = type(key) is str and key in _texts_in(frame.f_code)
        part = f"[{key!r}]" if written and type(iterator) in _ITEMS else ""
    else:
        place = _place(iterator)
        part = "" if place is None or place >= _MOST else f"[{place}]"
    return tuple((name, part) for name in given.names) if part else ()


def _place(iterator: Any) -> int | None:
    """Return how many elements a ``zip`` of tuples or lists has given before the last one."""
    if type(iterator) is not zip:
        return None
    try:
        iterators = iterator.__reduce__()[1]
        first = next((inner for inner in iterators if type(inner) in _IN_ROW), None)
        state: Any = () if first is None else first.__reduce__()
    except TypeError:  # of a Python that does not tell
        return None
    return state[2] - 1 if len(state) > 2 and state[2] > 0 else None


@by_file
def _names_in(code: CodeType) -> _Given | None:
    """Return the names of the comprehension that a code object was compiled from."""
    scoped = scope_of(code)
    if scoped is None:
        return None
    places = {
        (line, column, last, last_column) for line, last, column, last_column in code.co_positions()
    }
    nodes = [
        node
        for node in ast.walk(scoped[1].node)
        if isinstance(node, _KINDS) and range_of(node) in places
    ]
    if not nodes:
        return None
    part = nodes[0].generators[0]  # of those within one another the outermost comes first
    items = names_of_items(part)
    if items is not None:
        return _Given(items[0], items[1:])
    if not goes_through_columns(part):
        return None
    names = (node.id for node in ast.walk(part.target) if isinstance(node, ast.Name))
    return _Given("", tuple(names))


@by_file
def _texts_in(code: CodeType) -> frozenset[str]:
    """Return the texts that are written in a file: no other key is told apart."""
    scoped = scope_of(code)
    nodes = ast.walk(scoped[0].tree) if scoped is not None else ()
    constants = (node.value for node in nodes if isinstance(node, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str))


def at_turn(environment: Environment, turn: Turn) -> Environment:
    """Return what paths stand for in a turn of a comprehension."""
    narrower = {
        (name,): frozenset(
            replace(held, taken=(part, *held.taken[1:]))
            if held.by == EACH and held.taken[:1] == (SOME,)
            else held
            for held in environment[(name,)]
        )
        for name, part in turn
        if (name,) in environment
    }
    return environment | narrower
