"""What is computed and then written into a parameter of a module, where autograd does not see it:
the module is called with it instead, and its parameter keeps its value.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import (
    Edit,
    FaultyLine,
    in_brackets,
    last_name,
    name_of,
    proposes,
    unused_name,
)
from gradviz.mending.edits.values import taken
from gradviz.mending.source import Replacement

_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}


@proposes("data", "copy_under_no_grad")
def called_with(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that use what a statement writes into a parameter, ``layer.weight.data += b @
    a``, in the place of that parameter in the rest of the function.
    """
    statement = site.statement
    parameter, value = (None, "") if statement is None else _write(site, statement)
    if statement is None or parameter is None:
        return
    function, code = site.source.function_of(statement), site.source.code(parameter)
    name = unused_name(site, parameter.attr)
    uses = [
        change
        for node in _later(statement, function)
        if (change := _use(site, node, parameter, name)) is not None
    ]
    if not uses:
        return
    changes = [site.source.replacing(statement, f"{name} = {value}"), *uses]
    outermost = _outermost(site, statement, function)
    if outermost is not statement:  # it may not be run
        changes.append(site.source.inserting_before(outermost, f"{name} = {code}"))
    yield Edit(f"use what is computed, and leave {code} as it is", tuple(changes))


@proposes("data", "copy_under_no_grad")
def called_with_a_vector(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that call a module with the parts of a vector, where ``vector_to_parameters``
    writes them into its parameters.
    """
    statement = site.statement
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and last_name(call) == "vector_to_parameters"):
        return
    if len(call.args) != 2 or last_name(call.args[1]) != "parameters":
        return
    owner = call.args[1].func.value  # type: ignore[attr-defined]
    assert statement is not None
    source, module = site.source, site.source.code(owner)
    parts, weights = unused_name(site, "parts"), unused_name(site, "weights")
    calls = [
        _with_values(site, node, weights)
        for node in _later(statement, source.function_of(statement))
        if isinstance(node, ast.Call) and source.code(node.func) == module and not node.keywords
    ]
    if not calls:
        return
    sizes = f"[parameter.numel() for parameter in {module}.parameters()]"
    pairs = f"zip({module}.named_parameters(), {parts})"
    lines = (
        f"{parts} = {in_brackets(site, call.args[0])}.split({sizes})",
        f"{weights} = {{name: part.view_as(old) for (name, old), part in {pairs}}}",
    )
    between = source.line_end(statement.lineno) + source.indent(statement.lineno)
    yield Edit(
        f"call {module} with the parts of the vector, and leave its parameters as they are",
        (source.replacing(statement, between.join(lines)), *calls),
    )


def _write(site: FaultyLine, statement: ast.stmt) -> tuple[ast.Attribute | None, str]:
    """Return the parameter that a statement writes into, and the code of what it is then."""
    code = site.source.code
    if isinstance(statement, ast.AugAssign) and type(statement.op) in _SIGNS:
        parameter = _parameter(site, statement.target)
        if parameter is not None:
            sign = _SIGNS[type(statement.op)]
            return parameter, f"{code(parameter)} {sign} {in_brackets(site, statement.value)}"
    if isinstance(statement, ast.Assign) and taken(statement.targets[0]) is not None:
        return _parameter(site, statement.targets[0]), code(statement.value)
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
        return None, ""
    parameter, method = _parameter(site, call.func.value), call.func.attr
    if parameter is None or not method.endswith("_") or method.endswith("__"):
        return None, ""
    if method == "copy_":
        return parameter, f"{in_brackets(site, call.args[0])}.expand_as({code(parameter)})"
    given = site.source.text[site.source.span(call.func)[1] : site.source.span(call)[1]]
    return parameter, f"{code(parameter)}.{method.removesuffix('_')}{given}"


def _parameter(site: FaultyLine, target: ast.expr) -> ast.Attribute | None:
    """Return the attribute of a module that is written into, itself or by another name."""
    base = taken(target) or target
    if isinstance(base, ast.Attribute) and name_of(base):
        return base
    if isinstance(base, ast.Name) and site.statement is not None:
        for node in ast.walk(site.source.function_of(site.statement)):
            if isinstance(node, ast.Assign) and name_of(node.targets[0]) == base.id:
                whole = taken(node.value)
                if isinstance(whole, ast.Attribute) and name_of(whole):
                    return whole
    return None


def _later(statement: ast.stmt, function: ast.AST) -> Iterator[ast.AST]:
    last = statement.end_lineno or statement.lineno
    return (node for node in ast.walk(function) if getattr(node, "lineno", 0) > last)


def _use(
    site: FaultyLine, node: ast.AST, parameter: ast.Attribute, name: str
) -> Replacement | None:
    """Return what puts a variable in the place of a parameter, where a node uses that."""
    code = site.source.code
    if isinstance(node, ast.Call) and code(node.func) == code(parameter.value):
        return (
            None if node.keywords else _with_values(site, node, f'{{"{parameter.attr}": {name}}}')
        )
    is_read = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    if is_read and code(node) == code(parameter):  # type: ignore[arg-type]
        return site.source.replacing(node, name)  # type: ignore[arg-type]
    return None


def _with_values(site: FaultyLine, call: ast.Call, values: str) -> Replacement:
    """Return what has a module called with other values for its parameters."""
    given = ", ".join(map(site.source.code, call.args))
    comma = "," if len(call.args) == 1 else ""
    text = f"torch.func.functional_call({site.source.code(call.func)}, {values}, ({given}{comma}))"
    return site.source.replacing(call, text)


def _outermost(site: FaultyLine, statement: ast.stmt, function: ast.AST) -> ast.stmt:
    """Return the statement of a function's own body that another lies in."""
    outermost = statement
    for node in site.source.enclosing(statement):
        if node is function:
            break
        if isinstance(node, ast.stmt):
            outermost = node
    return outermost
