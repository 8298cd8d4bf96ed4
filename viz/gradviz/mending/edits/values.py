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
    if isinstance(node, ast.Attribute) and node.attr == "data":
        return node.value
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr in _TAKERS and not node.args:
        forced = all(given.arg == "force" for given in node.keywords)  # numpy(force=True)
        return node.func.value if forced else None
    if name_of(node.func) in _NUMBERS and len(node.args) == 1 and not node.keywords:
        return node.args[0]
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
    while (inner := taken(base)) is not None or _follows(base):
        base = inner if inner is not None else base.func.value  # type: ignore[attr-defined]
    return base


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
        attribute = site.source.parents.get(top)
        call = site.source.parents.get(attribute) if attribute is not None else None
        if (
            isinstance(call, ast.Call)
            and call.func is attribute
            and isinstance(attribute, ast.Attribute)
        ):
            if attribute.attr in _ALONG or taken(call) is not None:
                top = call
                continue
        if isinstance(attribute, ast.expr) and taken(attribute) is top:
            top = attribute
            continue
        break
    return top, _innermost(_value(node))


def _follows(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "cpu"
        and not node.args
    )


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
    if isinstance(statement, ast.Expr) and statement.value in dropped:
        return (source.deleting(statement),)
    if (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and statement.value in dropped
    ):
        if source.code(statement.targets[0]) == source.code(dropped[statement.value]):  # x = x
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
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and not node.args
            and not node.keywords
        ):
            continue
        if node.func.attr == "state_dict":
            start = source.span(node)[1] - 1
            yield Edit(
                "have state_dict() keep the history", (Replacement(start, start, "keep_vars=True"),)
            )
        if node.func.attr in (VALUES, INDICES):
            matrix = in_brackets(site, node.func.value)
            every = [
                source.replacing(
                    other, f"{in_brackets(site, other.func.value)}.coalesce().values()"
                )
                for other in site.nodes()
                if isinstance(other, ast.Call)
                and isinstance(other.func, ast.Attribute)
                and other.func.attr == VALUES
            ]
            yield Edit(f"read {matrix} by values(), which keeps the history", tuple(every))


@proposes("detach")
def stack_parameters(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that stack the parameters of several modules themselves, where
    ``stack_module_state()`` copies them.
    """
    source, statement = site.source, site.statement
    for call in calls(site, "stack_module_state"):
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Tuple)
            and call.args
        ):
            parameters, members = (
                source.code(statement.targets[0].elts[0]),
                source.code(call.args[0]),
            )
            stacked = f"torch.stack([member.get_parameter(name) for member in {members}])"
            line = f"{parameters} = {{name: {stacked} for name in {parameters}}}"
            yield Edit(
                "stack the parameters with their history",
                (source.inserting_after(statement, line),),
            )
