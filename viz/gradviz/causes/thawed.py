"""A parameter was frozen while the forward used it, and is not any more: too late for this loss."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.FROZEN,
        explanation=Explanation(
            "It was frozen while the forward used it, and is thawed only since: the graph of this"
            " loss has no route to it.",
            "Set requires_grad to True before the forward that should train it. Where this loss is"
            " not to train it, it is as it should be.",
        ),
    ),
)
