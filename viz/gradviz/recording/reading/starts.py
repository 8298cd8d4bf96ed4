"""Where the following of a call's arguments starts, by an instruction that runs."""

import ast
import builtins
from collections.abc import Iterable
from dataclasses import replace
from types import CodeType

from gradviz.recording.reading.call_arguments import given_for, roots_of
from gradviz.recording.reading.choosers import may_choose, may_round
from gradviz.recording.reading.definitions import Scope
from gradviz.recording.reading.expressions import (
    Path,
    Range,
    path_of,
    range_of,
    reads_part,
    root_of,
    without_some,
)
from gradviz.recording.reading.instructions import place_of, scope_of
from gradviz.recording.reading.keys import calls_with_keys
from gradviz.recording.reading.parts import name_of
from gradviz.recording.reading.slices import Slicer
from gradviz.recording.reading.sources import Source
from gradviz.recording.reading.turns import Turn, at_turn
from gradviz.recording.reading.unchanged import Follower
from gradviz.recording.reading.ways import DIRECT, Slice, of_argument
from gradviz.recording.reading.where import by_file

_KNOWN = frozenset("np numpy torch math F".split())
"""Packages whose functions that round are known by their names."""
_FILL = frozenset("zero_ fill_ copy_ requires_grad_".split())


@by_file
def names_at(
    code: CodeType, lasti: int, wanted: tuple[Path, ...] | None, callee: CodeType | None
) -> tuple[Path, ...]:
    """Return the paths in the call at an instruction, or in its arguments for some of the callee's
    parameters.
    """
    return tuple(dict.fromkeys(path for path, _ in _starts(code, lasti, wanted, callee)))


@by_file
def backward_slice(
    code: CodeType,
    lasti: int,
    names: frozenset[Path],
    wanted: tuple[Path, ...] | None,
    callee: CodeType | None,
    exits: frozenset[Range] = frozenset(),
    settled: frozenset[Path] = frozenset(),
    turn: Turn = (),
) -> Slice | None:
    """Return what the arguments of the call at an instruction are computed from.

    Args:
        code: The function's.
        lasti: The instruction.
        names: Paths in the call that are to be followed.
        wanted: The callee's parameters that matter; None for every argument.
        callee: Whose parameters these are.
        exits: Calls by which a tensor's value left torch: what it was is on the tape.
        settled: Paths of which it is known what they hold.
        turn: What the names of a comprehension stand for as the call is run.
    """
    source_and_scope, place = scope_of(code), place_of(code, lasti)
    if source_and_scope is None or place is None:
        return None
    slicer = Follower(source_and_scope[0], source_and_scope[1], exits)
    there = at_turn(place[1], turn)
    slicer.at_call, slicer.place, slicer.settled = there, range_of(place[0]), settled
    written: set[Path] = set()
    for path, root in _starts(code, lasti, wanted, callee):
        slicer.stands(root, source_and_scope[1], there)
        if path in names:
            among = path in slicer.vague_reads(root, slicer.start, there)
            written |= {path} if among else set()
            way = replace(DIRECT, loose=among, call=calls_with_keys(root).get(path))
            slicer.pending.append((path, source_and_scope[1], there, way, 0))
    sliced = slicer.finished()
    return None if sliced is None else replace(sliced, written=frozenset(written))


@by_file
def element_slice(code: CodeType, lasti: int, index: int) -> Slice | None:
    """Return what an element of the first argument of the call at an instruction is computed
    from; None where that cannot be told, or where its function was given it.
    """
    source_and_scope, place = scope_of(code), place_of(code, lasti)
    if source_and_scope is None or place is None or not isinstance(place[0], ast.Call):
        return None
    if not place[0].args or isinstance(place[0].args[0], ast.Starred):
        return None
    slicer = Slicer(source_and_scope[0], source_and_scope[1])
    slicer.part(place[0].args[0], (f"[{index}]",), source_and_scope[1], place[1], DIRECT)
    sliced = slicer.finished()
    return None if sliced is None or sliced.parameters else sliced


def _starts(
    code: CodeType, lasti: int, wanted: tuple[Path, ...] | None, callee: CodeType | None
) -> list[tuple[Path, ast.AST]]:
    source_and_scope, place = scope_of(code), place_of(code, lasti)
    if source_and_scope is None or place is None:
        return []
    slicer = Slicer(source_and_scope[0], source_and_scope[1])
    if wanted is None:
        return [
            (path, root)
            for root in roots_of(place[0])
            for path in slicer.reads(root, source_and_scope[1], place[1]) or [()]
        ]
    called = None if callee is None else scope_of(callee)
    starts: list[tuple[Path, ast.AST]] = []
    for given in wanted:
        for root, parameter in _given_at(place[0], given, None if called is None else called[1]):
            own, _ = path_of(root)
            if own is not None and len(parameter) > 1:
                starts.append((without_some((*own, *parameter[1:])), root))
            else:
                starts += [
                    (path, root)
                    for path in [*reads_part(root, of_argument(root, parameter))] or [()]
                ]
    return starts


def _given_at(start: ast.AST, wanted: Path, callee: Scope | None) -> list[tuple[ast.AST, Path]]:
    """Return what a call gives a parameter of its function, or the object that it is a method of,
    each with the path that is wanted of it.
    """
    if callee is None or wanted[0] != callee.own:
        return given_for(start, wanted, callee)
    function = start.func if isinstance(start, ast.Call) else None
    if isinstance(function, ast.Attribute) and function.attr == getattr(callee.node, "name", ""):
        function = function.value
    path = None if function is None else path_of(function)[0]
    return [] if function is None or path is None else [(function, wanted)]


@by_file
def keeps(code: CodeType, paths: tuple[Path, ...]) -> bool:
    """Say whether nothing in a function compares or rounds values, or hands what some paths
    begin with to a function that is not at hand: what it writes into an array with a short number
    is then none of what was there.
    """
    scoped = scope_of(code)
    if scoped is None or may_choose(scoped[1].node) or may_round(scoped[1].node):
        return False
    names = {path[0] for path in paths}
    calls = (node for node in ast.walk(scoped[1].node) if isinstance(node, ast.Call))
    return not any(
        (path_of(value)[0] or ("",))[0] in names and not _is_at_hand(call, scoped[0])
        for call in calls
        for value in call.args
    )


def computes_in_place(call: ast.Call, source: Source, names: Iterable[str]) -> bool:
    """Say whether a call may compute something new in the memory that some names stand for."""
    name, path = name_of(call), path_of(call.func)[0]
    if name.endswith("_") and name not in _FILL:
        return True
    given = [*call.args, *(word.value for word in call.keywords)]
    if all(path is None or path[0] not in names for path in map(root_of, given)):
        return False
    if (
        path is None
        or name in source.callables
        or any(word.arg == "copy" for word in call.keywords)
    ):
        return True
    return path[0] not in _KNOWN and not (len(path) == 1 and name in vars(builtins))


def _is_at_hand(call: ast.Call, source: Source) -> bool:
    """Say whether it is known of what is called that it rounds nothing in place."""
    name = name_of(call)
    if name in source.callables:
        return not any(may_choose(own) or may_round(own) for own in source.callables[name])
    path = path_of(call.func)[0]
    return path is not None and (path[0] in _KNOWN or (len(path) == 1 and name in vars(builtins)))


@by_file
def literals_at(code: CodeType, lasti: int) -> tuple[float, ...]:
    """Return the numbers that stand as they are in the call, operation or subscript at an
    instruction.
    """
    place = place_of(code, lasti)
    given: list[ast.expr] = []
    match None if place is None else place[0]:
        case ast.BinOp() as node:
            given = [node.left, node.right]
        case ast.Call() as node:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
        case ast.Subscript(slice=index) | ast.Assign(targets=[ast.Subscript(slice=index)]):
            given = [*index.elts] if isinstance(index, ast.Tuple) else [index]
    numbers = (_literal(value) for value in given)
    return tuple(number for number in numbers if number is not None)


def _literal(value: ast.AST) -> float | None:
    sign = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub)
    inner = value.operand if isinstance(value, ast.UnaryOp) and sign else value
    number = inner.value if isinstance(inner, ast.Constant) else None
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return None
    return -number if sign else number
