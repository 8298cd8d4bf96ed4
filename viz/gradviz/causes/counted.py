"""Values were counted: a count stays the same when a value changes a little."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

_COUNT = Explanation(
    "Values are counted by bins, and a count does not change when a value moves a little within its"
    " bin.",
    "Count softly: give every value a weight in each bin, such as (1 - (x[:, None] - centres).abs()"
    " / width).clamp(min=0), and sum the weights.",
)

CAUSES = (
    Cause(
        kind=CutKind.NON_DIFFERENTIABLE,
        operations=(
            "histc()",
            "histogram()",
            "histogramdd()",
            "bincount()",
            "unique()",
            "count_nonzero()",
        ),
        explanation=_COUNT,
    ),
)
