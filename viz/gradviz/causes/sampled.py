"""A value was drawn at random.

The draw does not follow from what it was drawn with by any derivative.
"""

from gradviz.causes.explanation import Explanation

_SAMPLE = Explanation(
    "A sample is drawn, and a draw has no derivative with respect to what it is drawn from.",
    "Use rsample(), or gumbel_softmax for categories, where the gradient should pass through the"
    " draw. In a policy gradient it is as it should be: log_prob() of the sample carries the"
    " gradient.",
)

OPERATIONS = dict.fromkeys(
    ("sample()", "multinomial()", "bernoulli()", "poisson()", "binomial()", "sample_n()"), _SAMPLE
)
