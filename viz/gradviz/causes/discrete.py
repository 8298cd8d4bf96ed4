"""The operation has no derivative: its result is a whole number or a choice.

Two kinds of one idea: a small change of the input changes nothing.
"""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

_CHOICE = "An index, a comparison or a sample is a choice: it stays if its input changes a little."
_PLACE = "The place of the smallest is a choice: it stays if its input changes a little."
_SOFT = (
    "Use a soft form (softmax, sigmoid, gumbel_softmax, rsample) or a loss on the scores"
    " themselves."
)
_SELECTS = "Where the choice only selects what to train on, it is as it should be."
_NEAREST = (
    "Where it picks the nearest entry q of a codebook, z + (q - z).detach() hands the gradient"
    " straight through to z. Else use a softmax, or a loss on the scores."
)

CAUSES = (
    Cause(
        kind=CutKind.INTEGER_CAST,
        explanation=Explanation(
            "The value became an integer or a boolean, and those carry no gradient.",
            "Stay in floating point; where rounding is the point, pass the gradient straight"
            " through: x + (x.round() - x).detach().",
        ),
    ),
    Cause(
        kind=CutKind.NON_DIFFERENTIABLE,
        explanation=Explanation(_CHOICE, f"{_SOFT} {_SELECTS}"),
    ),
    Cause(
        kind=CutKind.NON_DIFFERENTIABLE,
        operations=("argmin()",),  # of distances; what scores highest is no entry of a codebook
        explanation=Explanation(_PLACE, _NEAREST),
        plain=True,
    ),
)
