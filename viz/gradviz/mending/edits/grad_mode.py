"""Narrow or drop what switches grad mode off: a ``with``, a decorator, a call."""

import ast
from collections.abc import Iterator
from typing import TypeGuard

from gradviz.mending.edit import Edit, FaultyLine, last_name, proposes
from gradviz.mending.source import Replacement, SourceFile, first_line

_OFF = frozenset(("no_grad", "inference_mode", "set_grad_enabled"))
_KINDS = ("no_grad", "set_grad_enabled", "inference_mode", "copy_under_no_grad")
_Region = ast.With | ast.AsyncWith | ast.FunctionDef | ast.AsyncFunctionDef
_MOST = 8  # statements of a block that are taken out one by one


@proposes(*_KINDS)
def block(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that take what is severed out of its ``with`` block, or drop the block."""
    for node in _regions(site):
        if isinstance(node, ast.With | ast.AsyncWith):
            yield from _narrowed(site, node)
            yield without_block(site, node)
        else:
            yield from _undecorated(site, node)


@proposes(*_KINDS)
def switch(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop a call that switches grad mode off, or have it switched on again behind
    it.
    """
    for node in ast.walk(site.source.tree):
        if (
            isinstance(node, ast.Expr)
            and switches_off(node.value)
            and last_name(node.value) == "set_grad_enabled"
        ):
            if node.lineno == site.line or node.lineno in site.inner:
                yield Edit(
                    "drop the call that switches grad mode off", (site.source.deleting(node),)
                )
                last = site.source.body_of(node)[-1]
                code = site.source.code(node.value.func)  # type: ignore[attr-defined]
                change = (
                    site.source.inserting_before(last, f"{code}(True)")
                    if isinstance(last, ast.Return)
                    else site.source.inserting_after(last, f"{code}(True)")
                )
                yield Edit("switch grad mode on again where it was switched off", (change,))


def switches_off(node: ast.AST) -> bool:
    """Say whether an expression is one that switches grad mode off, or may."""
    if last_name(node) not in _OFF:
        return False
    if isinstance(node, ast.Call) and last_name(node) == "set_grad_enabled":
        return not (
            node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value is True
        )
    return True


def _is_off(node: ast.AST) -> TypeGuard[_Region]:
    if isinstance(node, ast.With | ast.AsyncWith):
        return any(switches_off(item.context_expr) for item in node.items)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        map(switches_off, node.decorator_list)
    )


def blocks(site: FaultyLine) -> Iterator[ast.With | ast.AsyncWith]:
    """Return the ``with`` blocks at a site that switch grad mode off."""
    return (node for node in _regions(site) if isinstance(node, ast.With | ast.AsyncWith))


def _regions(site: FaultyLine) -> list[_Region]:
    """Return what switches grad mode off around a site, from the inside out.

    Anywhere in the file where it is the call of what TorchScript runs, and not the block itself.
    """
    statement = site.source.statement_at(site.line)
    enclosing = [] if statement is None else [statement, *site.source.enclosing(statement)]
    return [node for node in enclosing if _is_off(node)] or [
        node for node in ast.walk(site.source.tree) if _is_off(node)
    ][:_MOST]


def _undecorated(
    site: FaultyLine, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> Iterator[Edit]:
    source = site.source
    for decorator in function.decorator_list:
        if switches_off(decorator):
            change = Replacement(*source.lines_of(decorator), "")
            yield Edit(f"drop the decorator @{source.code(decorator)}", (change,))


def without_block(site: FaultyLine, node: ast.With | ast.AsyncWith) -> Edit:
    """Return the edit that drops what switches grad mode off of a ``with``."""
    source = site.source
    off = [item for item in node.items if switches_off(item.context_expr)]
    title = f"drop with {source.code(off[0].context_expr)}"
    if len(off) < len(node.items):
        kept = [item for item in node.items if item not in off]
        start = source.span(node.items[0].context_expr)[0]
        last = node.items[-1].optional_vars or node.items[-1].context_expr
        texts = [
            source.text[
                source.span(item.context_expr)[0] : source.span(
                    item.optional_vars or item.context_expr
                )[1]
            ]
            for item in kept
        ]
        return Edit(title, (Replacement(start, source.span(last)[1], ", ".join(texts)),))
    start, end = source.lines_of(node)
    return Edit(title, (Replacement(start, end, _moved_out(source, node, node.body)),))


def _narrowed(site: FaultyLine, node: ast.With | ast.AsyncWith) -> Iterator[Edit]:
    """Yield edits that take one statement, or the first or last ones, out of the block."""
    source, body = site.source, node.body
    if len(body) < 2 or len(body) > _MOST or body[0].lineno == node.lineno:
        return
    head = source.text[source.line_start(node.lineno) : source.line_start(first_line(body[0]))]
    start, end = source.lines_of(node)
    ranges = [
        (first, last)
        for last in range(1, len(body) + 1)
        for first in range(last)
        if 0 < last - first < len(body)
    ]
    wanted = {
        position
        for position, statement in enumerate(body)
        if any(statement.lineno <= line <= _last(statement) for line in site.inner)
    }
    ranges.sort(key=lambda span: (not wanted <= set(range(*span)), span[1] - span[0]))
    for first, last in ranges[:_MOST]:
        before, out, after = body[:first], body[first:last], body[last:]
        text = (head + _text(source, before) if before else "") + _moved_out(source, node, out)
        text += head + _text(source, after) if after else ""
        yield Edit(
            f"take {_count(out)} out of with {source.code(node.items[0].context_expr)}",
            (Replacement(start, end, text),),
        )


def _count(statements: list[ast.stmt]) -> str:
    return "a statement" if len(statements) == 1 else f"{len(statements)} statements"


def _last(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def _text(source: SourceFile, statements: list[ast.stmt]) -> str:
    return source.text[
        source.line_start(first_line(statements[0])) : source.line_start(_last(statements[-1]) + 1)
    ]


def _moved_out(source: SourceFile, block: ast.stmt, statements: list[ast.stmt]) -> str:
    """Return the lines of some statements of a block as far in as the block itself.

    What stands in strings stays.
    """
    outer = source.indent(block.lineno)
    if statements[0].lineno == block.lineno:  # with torch.no_grad(): x = f()
        return (
            outer
            + source.text[
                source.span(statements[0])[0] : source.line_start(_last(statements[-1]) + 1)
            ]
        )
    inner = source.indent(first_line(statements[0]))
    within = {
        line
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno is not None
        for line in range(node.lineno + 1, node.end_lineno + 1)
    }
    lines = []
    for number in range(first_line(statements[0]), _last(statements[-1]) + 1):
        text = source.text[source.line_start(number) : source.line_start(number + 1)]
        moves = number not in within and text.startswith(inner)
        lines.append(outer + text[len(inner) :] if moves else text)
    return "".join(lines)
