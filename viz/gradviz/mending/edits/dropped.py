"""A line that is dropped whole: a hook, a freeze, a result that is told to require grad."""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, proposes


@proposes("hook")
def drop_hook(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop the line that registers a hook."""
    if isinstance(site.statement, ast.Expr):
        yield Edit("drop the hook", (site.source.deleting(site.statement),))


@proposes("frozen")
def drop_freeze(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop the line that freezes, where the value is used while it holds."""
    if isinstance(site.statement, ast.Expr | ast.Assign):
        yield Edit("drop the freeze", (site.source.deleting(site.statement),))


@proposes("error")
def drop_flag(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop the line that has a loss require grad.

    What was computed is no leaf: it requires grad where what it was computed from does.
    """
    statement = site.statement
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
        target = statement.targets[0]
        if target.attr == "requires_grad":
            yield Edit(f"drop {site.source.code(statement)}", (site.source.deleting(statement),))
