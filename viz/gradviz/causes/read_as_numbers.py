"""A function that makes a new tensor read plain numbers out of the tensors that it was given."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

_BOUNDS = Explanation(
    "The bounds are read as plain numbers, and the points between them are constants to the loss.",
    "Stretch a constant grid: low + (high - low) * torch.linspace(0, 1, steps).",
)
CAUSES = (
    Cause(
        kind=CutKind.NON_DIFFERENTIABLE,
        operations=("linspace()", "logspace()"),  # arange() and full() refuse what requires grad
        explanation=_BOUNDS,
    ),
)
