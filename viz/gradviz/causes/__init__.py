"""The ways a gradient is lost, a family to a file: what each means and what usually mends it. Texts only, no torch."""

from collections.abc import Mapping

from gradviz.causes import custom, detached, discrete, escaped, grad_mode, rewrapped
from gradviz.causes.custom import RAISED
from gradviz.causes.explanation import Explanation
from gradviz.graph import Cut, CutKind

EXPLANATIONS: Mapping[CutKind, Explanation] = {
    kind: explanation
    for family in (detached, grad_mode, escaped, rewrapped, discrete, custom)
    for kind, explanation in family.EXPLANATIONS.items()
}


def explain(cut: Cut) -> Explanation:
    """Return what ``cut`` means and what usually mends it."""
    if cut.operation.startswith(RAISED):
        return custom.RAISED_EXPLANATION
    return grad_mode.CHECKPOINT if cut.operation == "checkpoint()" else EXPLANATIONS[cut.kind]


__all__ = ["EXPLANATIONS", "RAISED", "Explanation", "explain"]
