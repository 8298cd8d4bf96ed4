"""A write that autograd does not see, made by an operation that it sees."""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, proposes
from gradviz.mending.edits.values import taken


@proposes("copy_under_no_grad", "data", "no_grad", "detach", "error")
def out_of_place(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that assign what the operation returns in the place of writing into its tensor.

    ``h = h.mul(gain)``.
    """
    statement = site.statement
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return
    call = statement.value
    if (
        not isinstance(call.func, ast.Attribute)
        or not call.func.attr.endswith("_")
        or call.func.attr.endswith("__")
    ):
        return
    tensor = taken(call.func.value) or call.func.value
    if isinstance(tensor, ast.Name | ast.Attribute):
        source = site.source
        code = source.code(tensor)
        if call.func.attr == "set_" and len(call.args) == 1:
            value = call.args[0]
            text = f"{code} = {source.code(taken(value) or value)}"
            yield Edit("use the tensor itself", (source.replacing(statement, text),))
            return
        start, end = source.span(call.func)[1], source.span(call)[1]
        name = call.func.attr.removesuffix("_")
        text = f"{code} = {code}.{name}{source.text[start:end]}"
        yield Edit(
            f"write {code} anew in the place of {call.func.attr}()", (source.replacing(call, text),)
        )
