"""A sample by way of its parameters, where the distribution has one."""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, calls, in_brackets, name_of, proposes
from gradviz.mending.source import Replacement


@proposes("non_differentiable", "no_grad")
def reparametrised(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that draw with ``rsample()``, or from a normal distribution of its own."""
    for call in calls(site, "sample"):
        if isinstance(call.func, ast.Attribute):
            end = site.source.span(call.func)[1]
            yield Edit("draw with rsample()", (Replacement(end - len("sample"), end, "rsample"),))
    for call in calls(site, "normal"):
        if name_of(call.func) == "torch.normal" and len(call.args) == 2 and not call.keywords:
            mean, std = (in_brackets(site, argument) for argument in call.args)
            text = f"({mean} + {std} * torch.randn_like({mean} + {std}))"
            yield site.rewriting("draw by way of mean and deviation", call, text)
