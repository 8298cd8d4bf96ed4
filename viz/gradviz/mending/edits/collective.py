"""What other ranks hand over carries no gradient; one's own part can."""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, calls, proposes


@proposes("collective")
def own_part(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that put the live tensor back in its own slot of what was gathered."""
    for call in calls(site, "all_gather"):
        if len(call.args) < 2 or site.statement is None:
            continue
        gathered, own = (site.source.code(argument) for argument in call.args[:2])
        package = (
            site.source.code(call.func.value)
            if isinstance(call.func, ast.Attribute)
            else "torch.distributed"
        )
        line = f"{gathered}[{package}.get_rank()] = {own}"
        yield Edit(
            "put this rank's live tensor back in its slot",
            (site.source.inserting_after(site.statement, line),),
        )
