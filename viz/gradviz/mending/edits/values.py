"""Drop what takes a value out of the graph.

detach(), detach_(), .data, item(), float(), state_dict() without its history.
"""

import ast
import re
from collections.abc import Iterable, Iterator

from gradviz.mending.edit import (
    Edit,
    FaultyLine,
    calls,
    definitions,
    head,
    in_brackets,
    last_name,
    method_calls,
    name_of,
    proposes,
)
from gradviz.mending.source import Replacement
from gradviz.recording.torch_inside import INDICES, VALUES

_TAKERS = frozenset(("detach", "detach_", "item", "tolist", "numpy", "__array__"))
_NUMBERS = frozenset(("float", "np.float32", "np.float64", "numpy.float32", "numpy.float64"))
# Nothing of their own where they follow a taker
_ALONG = frozenset(("cpu", "copy", "requires_grad_", "clone"))
_COMMENT = re.compile(r"#[^\r\n]*")
_KINDS = (
    "detach",
    "detach_",
    "data",
    "item",
    "numpy",
    "copy_under_no_grad",
    "new_tensor",
    "non_differentiable",
    "error",
)


@proposes(*_KINDS)
def drop(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that drop each taker of the statement, then whole chains of them, then all."""
    assert site.statement is not None
    yield from _dropped(site, site.statement)
    for statement in definitions(site):
        yield from _dropped(site, statement)
    if "TorchScript" in site.operation:  # which knows the line of the call alone
        for node in ast.walk(site.source.tree):
            if isinstance(node, ast.stmt) and node is not site.statement:
                yield from _dropped(site, node)


def _dropped(site: FaultyLine, statement: ast.stmt) -> Iterator[Edit]:
    takers = [
        node for node in head(statement) if isinstance(node, ast.expr) and taken(node) is not None
    ]
    variants: list[dict[ast.expr, ast.expr]] = [{node: _value(node)} for node in takers]
    chains: dict[ast.expr, ast.expr] = {}
    for node in takers:
        top, base = _chain(site, node)
        chains[top] = base
    outermost = {
        top: base
        for top, base in chains.items()
        if not any(top in ast.walk(other) and top is not other for other in chains)
    }
    variants += [{top: base} for top, base in chains.items()]
    if len(outermost) > 1:
        variants.append(outermost)
    for dropped in variants:
        yield Edit(_title(site, dropped), drop_around(site, statement, dropped))


def taken(node: ast.AST) -> ast.expr | None:
    """Return the value that an expression takes out of the graph.

    None where it is no such expression.
    """
    match node:
        case ast.Attribute(value, "data"):
            return value
        case ast.Call(ast.Attribute(value, name), [], words) if name in _TAKERS:
            is_plain = all(given.arg == "force" for given in words)  # numpy(force=True)
            return value if is_plain else None
        case ast.Call(func, [value], []) if name_of(func) in _NUMBERS:
            return value
    return None


def outermost_takers(statement: ast.stmt) -> list[tuple[ast.expr, ast.expr]]:
    """Return what takes a value out of the graph in a statement, with the value, the outermost of
    each chain.
    """
    takers = {
        node: base
        for node in head(statement)
        if isinstance(node, ast.expr) and (base := taken(node)) is not None
    }
    inside = {inner for base in takers.values() for inner in ast.walk(base)}
    return [(node, _innermost(base)) for node, base in takers.items() if node not in inside]


def _innermost(base: ast.expr) -> ast.expr:
    """Return what a chain of takers begins with."""
    while (inner := taken(base) or _moved(base)) is not None:
        base = inner
    return base


def _moved(node: ast.expr) -> ast.expr | None:
    """Return what ``cpu()`` is called on."""
    match node:
        case ast.Call(ast.Attribute(value, "cpu"), []):
            return value
    return None


def _value(node: ast.expr) -> ast.expr:
    value = taken(node)
    assert value is not None
    return value


def _chain(site: FaultyLine, node: ast.expr) -> tuple[ast.expr, ast.expr]:
    """Return the outermost and the innermost of what only takes out of the graph,
    around a taker.
    """
    top = node
    while True:
        holder = site.source.parents.get(top)
        call = site.source.parents.get(holder) if isinstance(holder, ast.Attribute) else None
        if isinstance(call, ast.Call) and call.func is holder:
            if last_name(call) in _ALONG or taken(call) is not None:
                top = call
                continue
        if not isinstance(holder, ast.expr) or taken(holder) is not top:
            return top, _innermost(_value(node))
        top = holder


def _title(site: FaultyLine, dropped: dict[ast.expr, ast.expr]) -> str:
    return "drop " + " and ".join(
        dict.fromkeys(_word(site, node, base) for node, base in dropped.items())
    )


def _word(site: FaultyLine, node: ast.expr, base: ast.expr) -> str:
    """Return what is dropped around a value, as it is written.

    ``".detach().cpu()"``, ``"float()"``.
    """
    source = site.source
    (start, end), (first, last) = source.span(node), source.span(base)
    before, after = source.text[start:first].strip("( \t\r\n"), source.text[last:end]
    words = " ".join(_COMMENT.sub("", after).split()).removeprefix(")").strip()
    return f"{before}()" if before else words


def drop_around(
    site: FaultyLine, statement: ast.stmt, dropped: dict[ast.expr, ast.expr]
) -> tuple[Replacement, ...]:
    """Return the changes that leave of some expressions only the value that each is taken of."""
    source = site.source
    match statement:
        case ast.Expr(value) if value in dropped:
            return (source.deleting(statement),)
        case ast.Assign([target], value) if value in dropped:
            if source.code(target) == source.code(dropped[value]):  # x = x
                return (source.deleting(statement),)
    return tuple(
        source.replacing(node, in_brackets(site, value)) for node, value in dropped.items()
    )


@proposes("detach")
def keep_history(site: FaultyLine) -> Iterable[Edit]:
    """Yield edits that have a ``state_dict()`` hand out the parameters themselves, and a sparse
    matrix its values with their history.
    """
    source = site.source
    for node in site.nodes():
        match node:
            case ast.Call(ast.Attribute(attr="state_dict"), [], []):
                end = Replacement(
                    source.span(node)[1] - 1, source.span(node)[1] - 1, "keep_vars=True"
                )
                yield Edit("have state_dict() keep the history", (end,))
            case ast.Call(ast.Attribute(value, name), [], []) if name in (VALUES, INDICES):
                every = [
                    source.replacing(call, f"{in_brackets(site, method.value)}.coalesce().values()")
                    for call, method in method_calls(site.nodes(), (VALUES,))
                ]
                title = f"read {in_brackets(site, value)} by values(), which keeps the history"
                yield Edit(title, tuple(every))


@proposes("detach")
def stack_parameters(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that stack the parameters of several modules themselves, where
    ``stack_module_state()`` copies them.
    """
    source = site.source
    for call in calls(site, "stack_module_state"):
        match site.statement, call.args:
            case ast.Assign([ast.Tuple([given, *_]), *_]) as statement, [models, *_]:
                parameters, members = source.code(given), source.code(models)
                stacked = f"torch.stack([member.get_parameter(name) for member in {members}])"
                line = f"{parameters} = {{name: {stacked} for name in {parameters}}}"
                change = source.inserting_after(statement, line)
                yield Edit("stack the parameters with their history", (change,))
