"""A derivative that goes into a loss needs a graph of its own."""

from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, calls, proposes, with_keyword

_CALLS = ("grad", "jacobian", "hessian", "hvp", "vhp", "jvp", "vjp", "backward")


@proposes("grad_without_graph")
def create_graph(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that hand over ``create_graph=True``."""
    for call in calls(site, *_CALLS):
        yield Edit(
            "take the derivative with create_graph=True",
            (with_keyword(site, call, "create_graph", "True"),),
        )
