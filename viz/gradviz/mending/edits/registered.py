"""What a model uses and does not list: modules in a list, parameters in a dict, tensors that are
no parameters. Kept where ``parameters()`` finds them.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import (
    Edit,
    FaultyLine,
    in_brackets,
    last_name,
    method_calls,
    name_of,
    proposes,
)
from gradviz.mending.edits.holding import is_optimizer
from gradviz.mending.source import Replacement

_MOST = 8  # attributes whose value is looked into by trying


@proposes("unregistered", "not_held", "stale", "cleared")
def module_list(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that keep modules in a ModuleList or ModuleDict, where ``parameters()`` finds
    them.
    """
    nn = "nn" if site.is_imported("nn") else "torch.nn"
    into_list, into_dict = "keep the modules in a ModuleList", "keep the modules in a ModuleDict"
    for statement in ast.walk(site.source.tree):
        match statement:
            case ast.Assign([ast.Attribute() as target, *_], value):
                function = site.source.function_of(statement)
            case _:
                continue
        match value:
            case ast.List([]) if _is_filled(target, function):
                yield site.rewriting(into_list, value, f"{nn}.ModuleList()")
            case ast.List() | ast.ListComp() | ast.BinOp() if _makes_modules(value):
                yield _wrapping(site, into_list, value, f"{nn}.ModuleList")
            case ast.Dict() | ast.DictComp() if _makes_modules(value):
                yield _wrapping(site, into_dict, value, f"{nn}.ModuleDict")
            case _ if _is_filled(value, function):
                yield _wrapping(site, into_list, value, f"{nn}.ModuleList")


@proposes("unregistered")
def register(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that move a parameter or cast it before it becomes one: what comes of it then is
    none.
    """
    statement = site.statement
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Attribute):
        return
    made: ast.expr = statement.value
    while isinstance(made, ast.Call) and last_name(made) != "Parameter":
        if not isinstance(made.func, ast.Attribute):
            return
        made = made.func.value
    if made is statement.value or not isinstance(made, ast.Call) or not made.args:
        return
    end = site.source.span(made)[1]
    further = site.source.text[end : site.source.span(statement.value)[1]]
    place = site.source.span(made.args[0])[1]
    start = site.source.span(made.args[0])[0]
    value = f"{in_brackets(site, made.args[0])}{further}"
    changes = (
        Replacement(start, place, value),
        Replacement(end, end + len(further), ""),
    )
    yield Edit("make the parameter of what was moved or cast", changes)


@proposes("unregistered")
def parameters(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that keep parameters in a ParameterList or ParameterDict, and make one of a
    tensor that requires grad.
    """
    nn = "nn" if site.is_imported("nn") else "torch.nn"
    for name, value in _attributes(site):
        kind = "Dict" if isinstance(value, ast.Dict | ast.DictComp) else "List"
        inside = list(ast.walk(value))
        if isinstance(value, ast.Dict | ast.DictComp | ast.List | ast.ListComp | ast.Tuple):
            if any(last_name(node) == "Parameter" for node in inside):
                title = f"keep the parameters in a Parameter{kind}"
                yield _wrapping(site, title, value, f"{nn}.Parameter{kind}")
        elif isinstance(value, ast.Call) and _requires_grad(value) and not _is_moved(site, name):
            yield _wrapping(site, "make a parameter of the tensor", value, f"{nn}.Parameter")


@proposes("unregistered")
def perhaps_modules(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that keep what a function returns, or a tuple, in a ModuleList: where it holds no
    modules, torch says so.
    """
    nn = "nn" if site.is_imported("nn") else "torch.nn"
    candidates = [
        value
        for _, value in _attributes(site)
        if isinstance(value, ast.Tuple | ast.GeneratorExp)
        or (isinstance(value, ast.Call) and last_name(value)[:1].islower() and not _is_torch(value))
    ]
    for value in candidates[:_MOST]:
        code = site.source.code(value)
        if isinstance(value, ast.Tuple) and not code.startswith("("):
            code = f"({code})"
        change = site.source.replacing(value, f"{nn}.ModuleList({code})")
        yield Edit("keep the modules in a ModuleList", (change,))


def _attributes(site: FaultyLine) -> Iterator[tuple[str, ast.expr]]:
    """Yield the attributes that are assigned to, and their values."""
    for node in ast.walk(site.source.tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            both = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            targets = target.elts if both else [target]  # type: ignore[attr-defined]
            values = node.value.elts if both else [node.value]  # type: ignore[attr-defined]
            for part, value in zip(targets, values, strict=False):
                if isinstance(part, ast.Attribute):
                    yield part.attr, value


def _is_moved(site: FaultyLine, name: str) -> bool:
    """Say whether an optimizer is given an attribute, or a derivative is taken by it: it trains
    without being a parameter of the model.
    """
    return any(
        isinstance(node, ast.Call)
        and (last_name(node) == "grad" or is_optimizer(node))
        and any(isinstance(part, ast.Attribute) and part.attr == name for part in ast.walk(node))
        for node in ast.walk(site.source.tree)
    )


def _requires_grad(call: ast.Call) -> bool:
    flagged = any(word.arg == "requires_grad" for word in call.keywords)
    return last_name(call) == "requires_grad_" or flagged


def _is_torch(call: ast.Call) -> bool:
    return name_of(call).split(".")[0] in ("torch", "nn", "F", "super")


def _is_filled(container: ast.expr, function: ast.AST) -> bool:
    """Say whether a function appends modules to a list, given as it is written."""
    name = name_of(container)
    return bool(name) and any(
        name_of(call) == f"{name}.append" and any(map(_makes_modules, call.args))
        for call, _ in method_calls(ast.walk(function), ("append",))
    )


def _wrapping(site: FaultyLine, title: str, node: ast.expr, function: str) -> Edit:
    return site.rewriting(title, node, f"{function}({site.source.code(node)})")


def _makes_modules(value: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Call) and last_name(node)[:1].isupper() for node in ast.walk(value)
    )
