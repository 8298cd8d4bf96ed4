"""A hook of the user's put something else in place of a value or of its gradient."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.HOOK,
        explanation=Explanation(
            "A hook put something else in place of the value or of its gradient.",
            "See what the hook returns: None leaves everything as it is, a detached or new tensor"
            " cuts.",
        ),
    ),
)
