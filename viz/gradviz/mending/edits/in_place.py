"""A write into a tensor: one that autograd does not see, or that spoils what backward() needs."""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, in_brackets, keyword, last_name, proposes
from gradviz.mending.edits.values import taken
from gradviz.mending.source import Replacement

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


@proposes("copy_under_no_grad", "data", "no_grad", "detach", "error", "in_place")
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
            yield site.rewriting("use the tensor itself", statement, text)
            return
        start, end = source.span(call.func)[1], source.span(call)[1]
        name = call.func.attr.removesuffix("_")
        text = f"{code} = {code}.{name}{source.text[start:end]}"
        sign = _SIGNS.get(name)
        if site.kind == "in_place" and sign and len(call.args) == 1 and not call.keywords:
            text = f"{code} = {code} {sign} {in_brackets(site, call.args[0])}"
        yield site.rewriting(f"write {code} anew in the place of {call.func.attr}()", call, text)


@proposes("in_place")
def augmented(site: FaultyLine) -> Iterator[Edit]:
    """Yield ``h = h + 1`` for ``h += 1``."""
    statement, source = site.statement, site.source
    if not isinstance(statement, ast.AugAssign) or not isinstance(
        statement.target, ast.Name | ast.Attribute
    ):
        return
    target = source.code(statement.target)
    between = source.text[source.span(statement.target)[1] : source.span(statement.value)[0]]
    sign = between.replace("=", "").strip()
    if sign and all(character in "+-*/%@|&^<>" for character in sign):
        text = f"{target} = {target} {sign} {in_brackets(site, statement.value)}"
        yield site.rewriting(f"write {target} anew", statement, text)


@proposes("in_place")
def without_underscore(site: FaultyLine) -> Iterator[Edit]:
    """Yield calls of ``relu(h)`` for ``relu_(h)``, where what it returns is used or assigned."""
    statement, source = site.statement, site.source
    for call in site.nodes():
        if not isinstance(call, ast.Call):
            continue
        name = last_name(call)
        if not name.endswith("_") or name.endswith("__"):
            continue
        _, end = source.span(call.func)
        plain = Replacement(end - 1, end, "")
        if not (isinstance(statement, ast.Expr) and statement.value is call):
            yield Edit(f"call {name.removesuffix('_')}() in the place of {name}()", (plain,))
        elif call.args and isinstance(call.args[0], ast.Name | ast.Attribute):
            start, _ = source.span(call)
            into = Replacement(start, start, f"{source.code(call.args[0])} = ")
            yield Edit(f"assign what {name.removesuffix('_')}() returns", (into, plain))


@proposes("in_place")
def not_in_place(site: FaultyLine) -> Iterator[Edit]:
    """Yield ``nn.ReLU()`` for ``nn.ReLU(inplace=True)``, wherever it stands in the file."""
    for call in ast.walk(site.source.tree):
        given = keyword(call, "inplace") if isinstance(call, ast.Call) else None
        if isinstance(given, ast.Constant) and given.value is True:
            yield site.rewriting("leave inplace off", given, "False")


@proposes("in_place")
def into_a_copy(site: FaultyLine) -> Iterator[Edit]:
    """Yield ``h = h.clone()`` in front of ``h[0] = 1``."""
    statement, source = site.statement, site.source
    targets = (
        statement.targets
        if isinstance(statement, ast.Assign)
        else [statement.target]
        if isinstance(statement, ast.AugAssign)
        else []
    )
    for target in targets:
        tensor = target.value if isinstance(target, ast.Subscript) else None
        if statement is not None and isinstance(tensor, ast.Name | ast.Attribute):
            start, _ = source.span(statement)
            indent = source.text[source.text.rfind("\n", 0, start) + 1 : start]
            if not indent.strip():
                code = source.code(tensor)
                line = f"{code} = {code}.clone()\n{indent}"
                yield Edit(f"write into a copy of {code}", (Replacement(start, start, line),))
