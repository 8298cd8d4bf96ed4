"""A derivative was given as plain numbers, by ``torch.autograd.grad``,
``torch.autograd.functional``, ``torch.func.linearize`` or ``backward()``.
"""

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


_BACKWARD = Explanation(
    "backward() left gradients in .grad as plain numbers, so a loss made from them trains nothing"
    " behind them.",
    "Pass create_graph=True to that backward(), or better take the gradient by torch.autograd.grad("
    "..., create_graph=True), which leaves .grad alone.",
)
_LINEARIZED = Explanation(
    "torch.func.linearize() keeps what its function computed of its input and of all weights as"
    " constants, so its derivative trains nothing behind them.",
    "Take the derivative by torch.func.jvp(), which keeps its history.",
)
NAMES = ("jacobian", "hessian", "vjp", "jvp", "hvp", "vhp")
CAUSES = (
    Cause(
        kind=CutKind.GRAD_WITHOUT_GRAPH,
        calls={"grad": ""},
        explanation=Explanation(
            "torch.autograd.grad gave gradients as plain numbers, so a loss made from them trains"
            " nothing behind them.",
            "Pass create_graph=True where the loss depends on a gradient (penalties,"
            " meta-learning).",
        ),
    ),
    Cause(kind=CutKind.GRAD_WITHOUT_GRAPH, operations=("backward()",), explanation=_BACKWARD),
    Cause(kind=CutKind.DETACH, operations=("torch.func.linearize()",), explanation=_LINEARIZED),
    *(
        Cause(
            kind=CutKind.GRAD_WITHOUT_GRAPH,
            operations=(f"torch.autograd.functional.{name}()",),
            explanation=_explanation(name),
        )
        for name in NAMES
    ),
)
