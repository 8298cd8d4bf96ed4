"""``torch.autograd.functional`` gave a derivative as plain numbers."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind


def _explanation(name: str) -> Explanation:
    return Explanation(
        f"torch.autograd.functional.{name}() gives its result as plain numbers, so a loss made from"
        " it trains nothing behind it.",
        f"Pass create_graph=True to {name}(), or use torch.func, whose derivatives keep their"
        " history.",
    )


NAMES = ("jacobian", "hessian", "vjp", "jvp", "hvp", "vhp")
CAUSES = tuple(
    Cause(
        kind=CutKind.GRAD_WITHOUT_GRAPH,
        operations=(f"torch.autograd.functional.{name}()",),
        explanation=_explanation(name),
    )
    for name in NAMES
)
