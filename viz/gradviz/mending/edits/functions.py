"""A function that goes to numbers and comes back, done in torch from its first line to its last.

``p = p.detach().cpu().numpy()``, some lines of numpy, ``return torch.tensor(score)``.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, last_name, name_of, peeled, proposes
from gradviz.mending.edits.numbers import twins
from gradviz.mending.edits.values import outermost_takers
from gradviz.mending.source import Replacement

_BACK = frozenset(
    "torch.tensor torch.as_tensor torch.from_numpy torch.FloatTensor torch.Tensor"
    " torch.asarray".split()
)
_TYPES = {"float32": "float()", "float64": "double()", "float": "double()", "double": "double()"}


@proposes("item", "numpy", "detach", "data")
def in_torch(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that do all of the function that a site lies in by torch."""
    assert site.statement is not None
    function = site.source.function_of(site.statement)
    if isinstance(function, ast.Module) or not site.is_imported("torch"):
        return
    nodes = list(ast.walk(function))
    from_numpy, _ = twins(site, nodes)
    back = [change for node in nodes for change in _unwrapped(site, node)]
    types = [change for node in nodes for change in _typed(site, node)]
    taken = [
        change
        for statement in nodes
        if isinstance(statement, ast.stmt)
        for change in _dropped(site, statement)
    ]
    changes = (*from_numpy, *back, *types, *taken)
    start, end = site.source.span(site.statement)
    # Of the statement alone the other edits are nearer
    if (
        taken
        and (from_numpy or back)
        and any(change.start < start or end < change.end for change in changes)
    ):
        yield Edit(f"do all of {function.name}() in torch", changes)


def _dropped(site: FaultyLine, statement: ast.stmt) -> Iterator[Replacement]:
    """Yield what drops a call that takes values out of the graph, or its statement if it is no
    more.
    """
    source = site.source
    tops = [
        (node, base)
        for node, base in outermost_takers(statement)
        # A detach() of other lines may be meant
        if statement is site.statement or any(map(_is_number, ast.walk(node)))
    ]
    if isinstance(statement, ast.Assign) and tops:
        code = source.code(statement.value)
        for node, base in tops:
            code = code.replace(source.code(node), source.code(base))
        if code == source.code(statement.targets[0]):  # x = x
            yield source.deleting(statement)
            return
    for node, base in tops:
        yield from peeled(site, node, base)


def _is_number(node: ast.AST) -> bool:
    return last_name(node) in ("numpy", "item", "tolist", "float")


def _unwrapped(site: FaultyLine, node: ast.AST) -> Iterator[Replacement]:
    if not (isinstance(node, ast.Call) and len(node.args) == 1):
        return
    (value,) = node.args
    if isinstance(value, ast.List | ast.ListComp):
        if name_of(node) in (*_BACK, "np.array", "np.asarray", "numpy.array", "numpy.asarray"):
            yield site.source.replacing(node.func, "torch.stack")
            yield Replacement(site.source.span(value)[1], site.source.span(node)[1] - 1, "")
    elif name_of(node) in _BACK:
        yield from peeled(site, node, value)


def _typed(site: FaultyLine, node: ast.AST) -> Iterator[Replacement]:
    """Yield what puts torch's cast in the place of numpy's."""
    if isinstance(node, ast.Call) and last_name(node) == "astype" and len(node.args) == 1:
        kind = node.args[0]
        name = str(kind.value) if isinstance(kind, ast.Constant) else last_name(kind)
        if name in _TYPES and isinstance(node.func, ast.Attribute):
            end = site.source.span(node.func.value)[1]
            yield Replacement(end, site.source.span(node)[1], f".{_TYPES[name]}")
