"""Detach a value at those of its uses that are to stay apart, not where it is made for all."""

import ast
from collections.abc import Iterator, Sequence

from gradviz.mending.edit import Edit, FaultyLine, head, proposes
from gradviz.mending.edits.grad_mode import blocks, without_block
from gradviz.mending.edits.values import drop_around, outermost_takers
from gradviz.mending.source import Replacement, SourceFile

_MOST = 6  # uses, each of which is tried alone


@proposes("detach", "data")
def detach_elsewhere(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop the detach of a name's value and detach the name where it is read,
    but for one statement; the last first, since what trains a generator comes after its judge.
    """
    statement = site.statement
    if not isinstance(statement, ast.Assign) or not _names(statement):
        return
    takers = dict(outermost_takers(statement))
    if statement.value in takers:
        dropped = {statement.value: takers[statement.value]}
        yield from _elsewhere(
            site.source, statement, _names(statement), drop_around(site, statement, dropped)
        )


@proposes("no_grad", "inference_mode")
def detach_behind_block(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop a block without gradient and detach what it makes where it is read,
    but for one statement.
    """
    for block in blocks(site):
        names = [name for statement in block.body for name in _names(statement)]
        if len(names) == 1:
            yield from _elsewhere(site.source, block, names, without_block(site, block).changes)


def _names(statement: ast.stmt) -> list[str]:
    """Return the names that an assignment sets, where it is a plain one."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return []
    target = statement.targets[0]
    return [target.id] if isinstance(target, ast.Name) else []


def _elsewhere(
    source: SourceFile, made: ast.stmt, names: Sequence[str], changes: tuple[Replacement, ...]
) -> Iterator[Edit]:
    uses = _reads(source, made, names)
    if not 2 <= len(uses) <= _MOST or _is_bound_again(source, made, names[0]):
        return
    for live, _ in reversed(uses):
        apart = tuple(
            Replacement(end, end, ".detach()")
            for statement, reads in uses
            if statement is not live
            for _, end in map(source.span, reads)
        )
        title = f"detach {names[0]} at its other uses, and not at line {live.lineno}"
        yield Edit(title, (*changes, *apart))


def _reads(
    source: SourceFile, made: ast.stmt, names: Sequence[str]
) -> list[tuple[ast.stmt, list[ast.expr]]]:
    """Return the statements behind one that read the names, each with where it does."""
    uses: list[tuple[ast.stmt, list[ast.expr]]] = []
    for node in ast.walk(source.function_of(made)):
        if isinstance(node, ast.stmt) and node.lineno > (made.end_lineno or made.lineno):
            reads: list[ast.expr] = [
                part
                for part in head(node)
                if isinstance(part, ast.Name)
                and part.id in names
                and isinstance(part.ctx, ast.Load)
            ]
            if reads:
                uses.append((node, reads))
    return sorted(uses, key=lambda use: use[0].lineno)


def _is_bound_again(source: SourceFile, made: ast.stmt, name: str) -> bool:
    """Say whether a name stands for something else too, from a statement on or in a scope within:
    what is read there may be no tensor, or not the one that was detached.
    """
    return any(
        (
            (isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load))
            or (isinstance(node, ast.arg) and node.arg == name)
        )
        and node.lineno > (made.end_lineno or made.lineno)
        for node in ast.walk(source.function_of(made))
    )
