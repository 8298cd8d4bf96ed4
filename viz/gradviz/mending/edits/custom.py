"""A custom Function whose backward leaves an input out, or that reads what it was not handed.

Autograd can go through its forward.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, calls, proposes
from gradviz.mending.source import Replacement

_CONTEXT = "torch.autograd.function.FunctionCtx()"


@proposes("custom_function", "zero")
def through_forward(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that call the Function's forward itself, so that its operations are recorded, and
    its backward is not used.
    """
    for call in calls(site, "apply"):
        if not isinstance(call.func, ast.Attribute):
            continue
        end = site.source.span(call.func)[1]
        method = Replacement(end - len("apply"), end, "forward")
        title = "have autograd go through the forward of the Function, in the place of its backward"
        opening = site.source.text.index("(", end) + 1
        context = Replacement(
            opening, opening, f"{_CONTEXT}{', ' if call.args or call.keywords else ''}"
        )
        yield Edit(title, (method, context))
        yield Edit(title, (method,))  # a forward beside a setup_context() takes no context
