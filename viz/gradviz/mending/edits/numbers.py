"""Arithmetic that reads a tensor as a number, done by torch in its place.

``math.sqrt``, ``np.exp``, ``cmath.exp``, ``np.mean`` of a list of losses.
"""

import ast
from collections.abc import Iterable, Iterator

from gradviz.mending.edit import Edit, FaultyLine, head, in_brackets, keyword, name_of, proposes
from gradviz.mending.edits.values import outermost_takers
from gradviz.mending.source import Replacement

_MODULES = ("math", "np", "numpy", "cmath", "onp", "statistics", "scipy")
_SAME = frozenset(
    "sqrt exp log log2 log10 log1p expm1 sin cos tan asin acos atan sinh cosh tanh abs absolute"
    " square power pow sign maximum minimum clip sum mean std var prod max min dot matmul outer"
    " einsum where stack concatenate cumsum cumprod diff fft.rfft fft.fft fft.irfft fft.ifft"
    " linalg.norm linalg.inv linalg.svd linalg.det linalg.solve linalg.cholesky linalg.eigh"
    " linalg.pinv trace diag floor ceil round transpose reshape zeros_like ones_like expand_dims"
    " squeeze angle real imag vstack hstack roll flip tile kron triu tril logaddexp arctan2 hypot"
    " exp2 reciprocal isfinite fabs arange ones zeros full eye full_like linspace special.softmax"
    " special.expit special.logsumexp special.log_softmax special.erf".split()
)
_RENAMED = {
    "power": "pow",
    "concatenate": "cat",
    "expand_dims": "unsqueeze",
    "dot": "matmul",  # np.dot is a matrix product too
    "fabs": "abs",
}
_ALONG_AN_AXIS = {"max": "amax", "min": "amin"}  # torch's own give the places too
_BOUNDS = {"maximum": "min", "minimum": "max"}  # of a number torch takes none
_KEYWORDS = {"axis": "dim", "keepdims": "keepdim", "a_min": "min", "a_max": "max"}
_OF_A_LIST = {
    "mean": "mean()",
    "fmean": "mean()",
    "average": "mean()",
    "sum": "sum()",
    "fsum": "sum()",
    "prod": "prod()",
    "max": "max()",
    "min": "min()",
    "std": "std(correction=0)",
    "var": "var(correction=0)",
}
_KINDS = ("item", "numpy", "detach", "data", "error")


@proposes(*_KINDS)
def by_torch(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that call torch's own function, on the tensor itself."""
    assert site.statement is not None
    changes, modules = twins(site, head(site.statement))
    if changes and site.is_imported("torch"):
        title = f"do the arithmetic in torch, and not in {' and '.join(modules)}"
        yield Edit(title, changes)
        tops = outermost_takers(site.statement)
        if tops:
            yield Edit(
                title,
                (
                    *changes,
                    *(site.source.replacing(node, in_brackets(site, base)) for node, base in tops),
                ),
            )


@proposes(*_KINDS)
def of_a_list(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that stack a list of tensors for what numpy, or Python, makes of a list of
    numbers.
    """
    for node in site.nodes():
        if not (isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords):
            continue
        module, _, name = name_of(node.func).partition(".")
        if module in _MODULES and name in _OF_A_LIST and site.is_imported("torch"):
            values = site.source.code(node.args[0])
            if isinstance(node.args[0], ast.GeneratorExp):
                values = f"list({values})"
            text = f"torch.stack({values}).{_OF_A_LIST[name]}"
            yield site.rewriting(f"do the arithmetic in torch, and not in {module}", node, text)


def twins(
    site: FaultyLine, nodes: Iterable[ast.AST]
) -> tuple[tuple[Replacement, ...], tuple[str, ...]]:
    """Return what makes calls of torch of those of other modules, and the names of those."""
    changes: list[Replacement] = []
    modules: dict[str, None] = {}
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        module, _, name = name_of(node.func).partition(".")
        if module not in _MODULES or name not in _SAME:
            continue
        modules[module] = None
        if name in _BOUNDS and len(node.args) == 2 and any(map(_is_number, node.args)):
            changes += _clamped(site, node, _BOUNDS[name])
            continue
        along = keyword(node, "axis") is not None or len(node.args) > 1
        name = _ALONG_AN_AXIS.get(name, name) if along else name
        name = _RENAMED.get(name, name)
        changes.append(site.source.replacing(node.func, f"torch.{name}"))
        changes += [_renamed(site, given) for given in node.keywords if given.arg in _KEYWORDS]
        if name in ("std", "var") and keyword(node, "ddof") is None:
            end = site.source.span(node)[1] - 1
            changes.append(Replacement(end, end, ", correction=0"))
    return tuple(changes), tuple(modules)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _clamped(site: FaultyLine, call: ast.Call, bound: str) -> Iterator[Replacement]:
    """Return what makes ``torch.clamp`` of a maximum, or a minimum, with a number."""
    first, second = call.args
    yield site.source.replacing(call.func, "torch.clamp")
    start = site.source.span(second)[0]
    if _is_number(second):
        yield Replacement(start, start, f"{bound}=")
        return
    yield Replacement(site.source.span(first)[0], start, "")
    end = site.source.span(call)[1] - 1
    yield Replacement(end, end, f", {bound}={site.source.code(first)}")


def _renamed(site: FaultyLine, given: ast.keyword) -> Replacement:
    start = site.source.offset(given.lineno, given.col_offset)
    assert given.arg is not None
    return Replacement(start, start + len(given.arg), _KEYWORDS[given.arg])
