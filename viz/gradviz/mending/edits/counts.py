"""A count by bins has no gradient: the soft one shares a value between the two nearest bins.

The numbers of the forward stay, what the parameters learn is new.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, calls, in_brackets, keyword, name_of, proposes


@proposes("non_differentiable")
def soft_histogram(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that let gradient pass ``histc``, where its bins and their ends are given."""
    for call in calls(site, "histc"):
        if not isinstance(call.func, ast.Attribute):
            continue
        is_function = name_of(call.func.value) == "torch"
        values, *given = call.args if is_function else [call.func.value, *call.args]
        names = ("bins", "min", "max")
        ends = [*given, *(keyword(call, name) for name in names[len(given) :])]
        bins, low, high = (None if node is None else in_brackets(site, node) for node in ends)
        if bins is None or low is None or high is None:
            continue
        code = in_brackets(site, values)
        above, width = f"({code}.reshape(-1, 1) - {low})", f"({high} - {low})"
        if low in ("0", "0.0"):
            above, width = f"{code}.reshape(-1, 1)", high
        at = f"{above} * ({bins} / {width}) - 0.5"
        centres = f"torch.arange({bins}, device={code}.device)"
        soft = f"(1 - ({at} - {centres}).abs()).clamp(min=0).sum(0)"
        text = f"({site.source.code(call)} + ({soft} - {soft}.detach()))"
        yield Edit(
            "let the counts pass gradient as overlapping bins do",
            (site.source.replacing(call, text),),
            soft=True,
        )
