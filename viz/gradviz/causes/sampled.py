"""A value was drawn at random: the draw has no derivative by what it was drawn with."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

_SAMPLE = Explanation(
    "A sample is drawn, and a draw has no derivative with respect to what it is drawn from.",
    "Use rsample(), or gumbel_softmax for categories, where the gradient should pass through the"
    " draw. In a policy gradient, multiply the log_prob() of the sample by what it earned: that"
    " carries the gradient.",
)

CAUSES = (
    Cause(
        kind=CutKind.NON_DIFFERENTIABLE,
        operations=(
            "sample()",
            "multinomial()",
            "bernoulli()",
            "poisson()",
            "binomial()",
            "sample_n()",
        ),
        explanation=_SAMPLE,
    ),
)
