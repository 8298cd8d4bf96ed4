"""A collective moved numbers between processes, and recorded nothing."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.COLLECTIVE,
        explanation=Explanation(
            "The collective moves numbers between processes without recording history.",
            "Use torch.distributed.nn.functional, whose collectives have a backward, or put the"
            " process's own tensor back into its place.",
        ),
    ),
)
