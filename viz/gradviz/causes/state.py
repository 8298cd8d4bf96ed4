"""A module's state was taken: ``state_dict()`` hands out its tensors without their history."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.DETACH,
        operations=("state_dict()",),
        explanation=Explanation(
            "state_dict() hands out detached tensors, made for saving: what is computed from them"
            " trains nothing.",
            "Iterate over named_parameters(), which are the parameters themselves. For a copy of"
            " the weights it is as it should be.",
        ),
    ),
)
