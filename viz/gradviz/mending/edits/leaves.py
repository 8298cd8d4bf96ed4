"""What was computed is no leaf, and cannot be told to require grad: it does where what it was
computed from does.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, proposes


@proposes("error")
def drop_flag(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop the line that has a loss require grad."""
    statement = site.statement
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
        target = statement.targets[0]
        if target.attr == "requires_grad":
            yield Edit(f"drop {site.source.code(statement)}", (site.source.deleting(statement),))
