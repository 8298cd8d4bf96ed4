"""A copy of a module has parameters of its own, and no gradient of its own reaches the others."""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, calls, in_brackets, name_of, proposes
from gradviz.mending.source import Replacement


@proposes("deepcopy")
def shared(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that use the module itself, where a function calls its copy and does nothing else
    to it.
    """
    for call, name in _copies(site):
        if all(_is_called(site, use) for use in _uses(site, name)):
            code = in_brackets(site, call.args[0])
            yield site.rewriting("use the module itself", call, code)


@proposes("deepcopy")
def first_order(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that hand the gradient of an adapted copy on to what it was copied from, as
    first-order meta-learning does: its numbers are the copy's.
    """
    for call, name in _copies(site):
        origin = in_brackets(site, call.args[0])
        live = f"{origin}.get_parameter(key)"
        values = f"{{key: value.detach() + ({live} - {live}.detach()) for key, value in"
        state = f"{values} {name}.named_parameters()}}"
        for change in _called_by_state(site, name, state):
            yield Edit("hand the gradient of the copy on to the original", (change,), soft=True)


def _called_by_state(site: FaultyLine, name: str, state: str) -> Iterator[Replacement]:
    """Yield the calls of a copy, the last first, and what is returned of it."""
    source = site.source
    uses = sorted(_uses(site, name), key=lambda use: -use.lineno)
    for use in uses:
        call = source.parents.get(use)
        if isinstance(call, ast.Call) and call.func is use and not call.keywords:
            given = ", ".join(map(source.code, call.args))
            comma = "," if len(call.args) == 1 else ""
            text = f"torch.func.functional_call({name}, {state}, ({given}{comma}))"
            yield source.replacing(call, text)
        if isinstance(call, ast.Return):
            text = f"lambda *given: torch.func.functional_call({name}, {state}, given)"
            yield source.replacing(use, text)


def _copies(site: FaultyLine) -> Iterator[tuple[ast.Call, str]]:
    statement = site.statement
    if statement is None or isinstance(site.source.function_of(statement), ast.Module):
        return  # the copy is a model of its own
    for call in calls(site, "deepcopy"):
        if isinstance(statement, ast.Assign) and statement.value is call and call.args:
            name = name_of(statement.targets[0])
            if name:
                yield call, name


def _uses(site: FaultyLine, name: str) -> list[ast.expr]:
    assert site.statement is not None
    return [
        node
        for node in ast.walk(site.source.function_of(site.statement))
        if isinstance(node, ast.Name | ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and name_of(node) == name
    ]


def _is_called(site: FaultyLine, use: ast.expr) -> bool:
    call = site.source.parents.get(use)
    return isinstance(call, ast.Call) and call.func is use
