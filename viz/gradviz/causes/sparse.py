"""The parts of a sparse tensor were taken by the accessors that leave its history behind."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.DETACH,
        calls={"_values": ""},
        operations=("_values()",),
        explanation=Explanation(
            "_values() gives the numbers of a sparse tensor without their history; it is meant for"
            " torch's own code.",
            "Use coalesce().values(), which keeps the history, or the tensor that the sparse one"
            " was made of.",
        ),
    ),
)
