"""A range between two tensors that requires grad, made of a range between two numbers."""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, calls, in_brackets, keyword, proposes


@proposes("non_differentiable", "item")
def scaled(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that scale a range from 0 to 1."""
    for call in calls(site, "linspace", "logspace"):
        ends = [*call.args[:2], *filter(None, (keyword(call, "start"), keyword(call, "end")))]
        steps = call.args[2] if len(call.args) > 2 else keyword(call, "steps")
        if len(ends) != 2 or steps is None:
            continue
        others = "".join(
            f", {keyword.arg}={site.source.code(keyword.value)}"
            for keyword in call.keywords
            if keyword.arg in ("dtype", "device")
        )
        start, end = (in_brackets(site, end_value) for end_value in ends)
        line = (
            f"{start} + ({end} - {start}) * torch.linspace(0, 1, {site.source.code(steps)}{others})"
        )
        is_log = getattr(call.func, "attr", "") == "logspace"
        base = keyword(call, "base")
        text = (
            f"({'10' if base is None else in_brackets(site, base)} ** ({line}))"
            if is_log
            else f"({line})"
        )
        parent = site.source.parents.get(call)
        if isinstance(parent, ast.stmt) and not is_log:
            text = line
        yield site.rewriting("scale a range from 0 to 1", call, text)
