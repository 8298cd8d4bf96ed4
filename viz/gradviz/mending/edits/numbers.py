"""Arithmetic that reads a tensor as a number, done by torch in its place.

``math.sqrt``, ``np.exp``, ``cmath.exp``.
"""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, Site, head, in_brackets, name_of, proposes
from gradviz.mending.edits.values import taken
from gradviz.mending.source import Replacement

_MODULES = ("math", "np", "numpy", "cmath", "onp")
_SAME = frozenset(
    "sqrt exp log log2 log10 log1p expm1 sin cos tan asin acos atan sinh cosh tanh abs absolute"
    " square power pow sign maximum minimum clip sum mean std var prod max min dot matmul outer"
    " einsum where stack concatenate cumsum fft.rfft fft.fft fft.irfft fft.ifft linalg.norm"
    " linalg.inv linalg.svd linalg.det trace diag floor ceil round transpose reshape zeros_like"
    " ones_like expand_dims squeeze angle real imag".split()
)
_RENAMED = {"power": "pow", "concatenate": "cat", "expand_dims": "unsqueeze"}
_KEYWORDS = {"axis": "dim", "keepdims": "keepdim", "a_min": "min", "a_max": "max"}


@proposes("item", "numpy", "detach", "data", "error")
def by_torch(site: Site) -> Iterator[Edit]:
    """Call torch's own function, on the tensor itself."""
    assert site.statement is not None
    changes: list[Replacement] = []
    modules: list[str] = []
    for node in head(site.statement):
        if not isinstance(node, ast.Call):
            continue
        module, _, name = name_of(node.func).partition(".")
        if module in _MODULES and name in _SAME:
            modules.append(module)
            changes.append(site.source.replacing(node.func, f"torch.{_RENAMED.get(name, name)}"))
            changes += [
                _renamed(site, keyword) for keyword in node.keywords if keyword.arg in _KEYWORDS
            ]
    if changes and site.is_imported("torch"):
        title = f"do the arithmetic in torch, and not in {' and '.join(dict.fromkeys(modules))}"
        yield Edit(title, tuple(changes))
        tops = _outermost(site.statement)
        if tops:
            yield Edit(
                title,
                (
                    *changes,
                    *(site.source.replacing(node, in_brackets(site, base)) for node, base in tops),
                ),
            )


def _renamed(site: Site, given: ast.keyword) -> Replacement:
    start = site.source.offset(given.lineno, given.col_offset)
    assert given.arg is not None
    return Replacement(start, start + len(given.arg), _KEYWORDS[given.arg])


def _outermost(statement: ast.stmt) -> list[tuple[ast.expr, ast.expr]]:
    """Return what takes a value out of the graph in a statement, with the value, the outermost of
    each chain.
    """
    chains: list[tuple[ast.expr, ast.expr]] = []
    for node in head(statement):
        if (
            isinstance(node, ast.expr)
            and taken(node) is not None
            and not any(node in ast.walk(other) for other, _ in chains)
        ):
            base: ast.expr = node
            while True:
                inner = taken(base)
                if (
                    inner is None
                    and isinstance(base, ast.Call)
                    and isinstance(base.func, ast.Attribute)
                    and base.func.attr == "cpu"
                ):
                    inner = base.func.value
                if inner is None:
                    break
                base = inner
            chains.append((node, base))
    return chains
