"""The operation has no derivative: its result is a whole number or a choice.

Two kinds of one idea: a small change of the input changes nothing.
"""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

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
        explanation=Explanation(
            "The result is a choice (an index, a comparison, a sample), and a choice does not"
            " change when its input changes a little.",
            "Use a soft form (softmax, sigmoid, gumbel_softmax, rsample) or a loss on the scores"
            " themselves. Past the nearest entry of a codebook, z + (q - z).detach() hands the"
            " gradient straight through. Where the choice only selects what to train on, it is as"
            " it should be.",
        ),
    ),
)
