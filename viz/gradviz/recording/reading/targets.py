"""What each name that is assigned to gets: ``k`` in ``for _, k in rows`` is ``rows[?][1]``."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from gradviz.recording.reading.parts import PAIRED, SOME, Way, name_of, pieces


class Target(NamedTuple):
    """A name, attribute or element that is assigned to.

    Attributes:
        node: It.
        value: What it gets a part of.
        way: The way to that part.
    """

    node: ast.expr
    value: ast.AST
    way: Way


def targets(node: ast.expr, value: ast.AST, way: Way = ()) -> Iterator[Target]:
    """Yield what is assigned to as a value, or a part of it, is unpacked."""
    if not isinstance(node, (ast.Tuple, ast.List)):
        yield Target(node, *_plain(value, way))
        return
    items = node.elts
    starred = next((i for i, item in enumerate(items) if isinstance(item, ast.Starred)), None)
    for index, item in enumerate(items):
        if isinstance(item, ast.Starred):
            end = index + 1 - len(items)
            yield from targets(item.value, value, (*way, f"[{index}:{end or ''}]"))
        else:
            behind = starred is not None and index > starred
            place = index - len(items) if behind else index
            yield from targets(item, value, (*way, f"[{place}]"))


def targets_in_turn(node: ast.expr, source: ast.expr) -> Iterator[Target]:
    """Yield what a loop or comprehension assigns to: parts of the elements of its source."""
    yield from targets(node, source, (SOME,))


def _plain(value: ast.AST, way: Way) -> tuple[ast.AST, Way]:
    """Return the one expression that gives a part where there is no more than one."""
    if isinstance(value, ast.Call) and name_of(value) in PAIRED and len(way) == 1:
        return value, way  # what of each pair is meant comes later
    inner = [*pieces(value, way)]
    if not inner:
        return ast.copy_location(ast.Constant(None), value), ()
    if len(inner) != 1 or inner[0].alone:
        return value, way
    return inner[0].node, inner[0].way
