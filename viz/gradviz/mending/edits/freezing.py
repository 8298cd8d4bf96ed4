"""A freeze that holds while the value is used."""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, proposes


@proposes("frozen")
def drop(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop the line that freezes."""
    if isinstance(site.statement, ast.Expr | ast.Assign):
        yield Edit("drop the freeze", (site.source.deleting(site.statement),))
