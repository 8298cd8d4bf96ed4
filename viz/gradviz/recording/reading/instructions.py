"""From an instruction that runs to the source.

Its range, the function it stands in, what the names stand for there.
"""

import ast
from collections.abc import Container
from dis import opmap
from enum import StrEnum
from types import CodeType

from gradviz.recording.reading.definitions import EACH, Definition, Environment, Function, Scope
from gradviz.recording.reading.expressions import (
    Range,
    is_inside,
    range_of,
)
from gradviz.recording.reading.linked import linked
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.sources import Source, source_of
from gradviz.recording.reading.targets import targets_in_turn
from gradviz.recording.reading.where import by_file

_SHOWS = frozenset(
    "print pprint format log log_metric log_dict debug info warning error add_scalar"
    " add_scalars set_postfix".split()
)
_WRITES = frozenset("write writelines write_text writerow writerows savetxt dump dumps".split())
_TEXTS = _SHOWS | {"savetxt"}
COMPREHENSIONS = frozenset("<listcomp> <setcomp> <dictcomp> <genexpr>".split())
"""What the code of a comprehension is called, where it has one of its own."""

_FOR_ITER = opmap["FOR_ITER"]
ENTERS = opmap.get("BEFORE_WITH", -1)
"""The instruction by which a ``with`` enters, in Python 3.11 to 3.13."""
_REPEATS = (
    ast.For,
    ast.While,
    ast.AsyncFor,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


@by_file
def position_of(code: CodeType, lasti: int) -> Range | None:
    """Return the source range of an instruction.

    Of one by which a loop takes the next element, that of what it goes through; of one by which a
    ``with`` enters, that of what it is given.
    """
    ranges = [*map(_range, code.co_positions())]
    place = ranges[lasti // 2] if 0 <= lasti // 2 < len(ranges) else None
    instruction = code.co_code[lasti] if place is not None else -1
    if place is None or instruction not in (_FOR_ITER, ENTERS):
        return place
    turns = sum(
        code.co_code[number * 2] == instruction and other == place
        for number, other in enumerate(ranges[: lasti // 2])
    )
    source = source_of(code.co_filename)
    if source is None:
        return place
    sources = source.loops if instruction == _FOR_ITER else source.blocks
    parts = sources.get(place, ())
    return range_of(parts[turns]) if turns < len(parts) else place


def _range(position: tuple[int | None, int | None, int | None, int | None]) -> Range | None:
    line, last_line, column, last_column = position
    if line is None or last_line is None or column is None or last_column is None:
        return None
    return line, column, last_line, last_column


@by_file
def scope_of(code: CodeType) -> tuple[Source, Scope] | None:
    """Return the function that a code object was compiled from.

    Of a comprehension, the function around it.
    """
    source = linked(code.co_filename)
    if source is None:
        return None
    if code.co_name == "<module>":
        return source, source.scope(source.tree)
    positions = [
        position
        for position in code.co_positions()
        if None not in position and position[:1] + position[2:3] != position[1:2] + position[3:]
    ]
    inner: Range = (code.co_firstlineno, 0, code.co_firstlineno, 0)
    if positions:
        line, last, column, last_column = positions[-1]
        inner = (line or 0, column or 0, last or 0, last_column or 0)
    best: Function | None = None
    for node, _, _ in source.functions.values():
        name = getattr(node, "name", "<lambda>")
        fits = name == code.co_name or code.co_name in COMPREHENSIONS
        if not isinstance(node, ast.Module) and fits and is_inside(inner, range_of(node)):
            if best is None or is_inside(range_of(node), range_of(best)):
                best = node
    return source, source.scope(source.tree if best is None else best)


@by_file
def place_of(code: CodeType, lasti: int) -> tuple[ast.AST, Environment] | None:
    """Return the smallest expression or statement around an instruction, and what the paths stand
    for there.
    """
    source_and_scope, position = scope_of(code), position_of(code, lasti)
    if source_and_scope is None or position is None:
        return None
    scope = source_and_scope[1]
    body = scope.node.body
    smallest: ast.AST | None = None
    names_there: Environment = {}
    stack: list[tuple[ast.AST, Environment]] = [
        (node, {}) for node in (body if isinstance(body, list) else [body])
    ]
    while stack:
        node, names_around = stack.pop()
        names_around = _with_elements(node, scope.at.get(id(node), names_around), scope)
        if isinstance(node, (ast.expr, ast.stmt)) and is_inside(position, range_of(node)):
            if smallest is None or is_inside(range_of(node), range_of(smallest)):
                smallest, names_there = _whole(node, smallest), names_around
        if isinstance(node, (ast.expr, ast.stmt)) and not is_inside(position, range_of(node)):
            continue
        stack.extend((part, names_around) for part in ast.iter_child_nodes(node))
    return None if smallest is None else (smallest, names_there)


def _with_elements(node: ast.AST, names_around: Environment, scope: Scope) -> Environment:
    """Return the names where those of a comprehension stand for the elements of what it goes
    through.
    """
    for part in (
        node.generators
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp))
        else ()
    ):
        names_around = names_around | {
            (target.node.id,): frozenset(
                (
                    Definition(
                        (target.node.id,),
                        target.value,
                        target.way,
                        True,
                        False,
                        scope,
                        names_around,
                        by=EACH,
                    ),
                )
            )
            for target in targets_in_turn(part.target, part.iter)
            if isinstance(target.node, ast.Name)
        }
    return names_around


def _whole(node: ast.AST, outer: ast.AST | None) -> ast.AST:
    """Return the assignment for what it assigns to: its value goes in."""
    stored = isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store)
    return (
        outer if stored and isinstance(outer, (ast.Assign, ast.AugAssign, ast.AnnAssign)) else node
    )


class TextUse(StrEnum):
    """What becomes of a text that a value goes straight into."""

    NONE = "none"  # it goes into no text
    SHOWN = "shown"  # it is for people, as far as the source tells
    KEPT = "kept"  # it is written, or given to a function of the file, and may be read again


@by_file
def text_use(code: CodeType, lasti: int, text: bool) -> TextUse:
    """Return what becomes of the text that the value of an instruction goes straight into.

    Args:
        code, lasti: The instruction.
        text: What it gives is a text itself.
    """
    source_and_scope, position = scope_of(code), position_of(code, lasti)
    if source_and_scope is None or position is None:
        return TextUse.SHOWN if text else TextUse.NONE
    own = {getattr(node, "name", "") for node, _, _ in source_and_scope[0].functions.values()}
    takers = [
        node
        for node in ast.walk(source_and_scope[1].node)
        if (isinstance(node, (ast.Call, ast.JoinedStr)) or _is_filled_in(node))
        and position != range_of(node)
        and is_inside(position, range_of(node))
    ]
    calls = [node for node in takers if isinstance(node, ast.Call)]
    text = text or len(calls) < len(takers) or any(name_of(call) in _TEXTS for call in calls)
    if not text:
        return TextUse.NONE
    return TextUse.KEPT if any(_keeps(call, own) for call in calls) else TextUse.SHOWN


def _is_filled_in(node: ast.AST) -> bool:
    """Say whether an expression is a text with values put in: ``"%.3f" % loss``."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mod):
        return False
    text = node.left
    return isinstance(text, ast.Constant) and isinstance(text.value, str)


def _keeps(call: ast.Call, own: Container[str]) -> bool:
    """Say whether what a call is given may be read again: it is the file's own, or writes."""
    to_file = any(keyword.arg == "file" for keyword in call.keywords)
    return to_file or name_of(call) in own or name_of(call) in _WRITES


@by_file
def is_repeated(code: CodeType, lasti: int) -> bool:
    """Say whether an instruction may run many times while its function runs once."""
    source_and_scope, position = scope_of(code), position_of(code, lasti)
    if source_and_scope is None or position is None:
        return False
    return isinstance(source_and_scope[1].node, ast.Lambda) or any(
        isinstance(node, _REPEATS) and is_inside(position, range_of(node))
        for node in ast.walk(source_and_scope[1].node)
    )


@by_file
def is_repeated_within(code: CodeType, lasti: int) -> bool:
    """Say whether an instruction may run many times while its statement runs once."""
    source_and_scope, position = scope_of(code), position_of(code, lasti)
    if source_and_scope is None or position is None:
        return False
    return any(
        (isinstance(node, _REPEATS[3:]) and is_inside(position, range_of(node)))
        or (_takes_several(node) and position == range_of(node))
        for node in ast.walk(source_and_scope[1].node)
    )


def _takes_several(node: ast.AST) -> bool:
    """Say whether a node is a call of the elements of a display: ``torch.FloatTensor([a, b])``."""
    return isinstance(node, ast.Call) and any(
        isinstance(item, (ast.List, ast.Tuple)) and len(item.elts) > 1 for item in node.args
    )
