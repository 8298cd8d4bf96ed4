"""The ways a gradient is lost, a family to a file: what each means and what usually mends it.

Texts only, no torch.
"""

from collections.abc import Mapping

from gradviz.causes import (
    captured,
    compared,
    counted,
    custom,
    detached,
    discrete,
    escaped,
    functional_derivatives,
    grad_mode,
    read_as_numbers,
    rewrapped,
    sampled,
    sparse,
    state,
    thawed,
)
from gradviz.causes.custom import RAISED
from gradviz.causes.explanation import Explanation
from gradviz.graph import Cut, CutKind

EXPLANATIONS: Mapping[CutKind, Explanation] = {
    kind: explanation
    for family in (detached, grad_mode, escaped, rewrapped, discrete, custom, thawed)
    for kind, explanation in family.EXPLANATIONS.items()
}


BY_OPERATION: Mapping[str, Explanation] = {
    operation: explanation
    for family in (
        compared,
        counted,
        functional_derivatives,
        read_as_numbers,
        sampled,
        sparse,
        state,
    )
    for operation, explanation in family.OPERATIONS.items()
}
"""Of operations that have a remedy of their own, whatever their kind."""


def explain(cut: Cut) -> Explanation:
    """Return what ``cut`` means and what usually mends it."""
    if cut.operation.startswith(RAISED):
        return custom.RAISED_EXPLANATION
    if cut.operation == "checkpoint()":
        return grad_mode.CHECKPOINT
    if cut.captured:
        return captured.CAPTURED
    return BY_OPERATION.get(cut.operation.removesuffix(" in TorchScript"), EXPLANATIONS[cut.kind])


def is_plain(cut: Cut) -> bool:
    """Say whether a cut is explained by its kind alone, as a stop-gradient on purpose is."""
    return explain(cut) is EXPLANATIONS[cut.kind]


__all__ = ["BY_OPERATION", "EXPLANATIONS", "RAISED", "Explanation", "explain", "is_plain"]
