"""A hook that puts something else in a gradient's place."""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, proposes


@proposes("hook")
def drop(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop the line that registers it."""
    if isinstance(site.statement, ast.Expr):
        yield Edit("drop the hook", (site.source.deleting(site.statement),))
