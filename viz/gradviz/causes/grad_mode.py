"""It was computed while autograd was switched off.

no_grad, set_grad_enabled(False), inference_mode.
"""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.NO_GRAD,
        explanation=Explanation(
            "It ran under torch.no_grad(), which records no history: its result is a constant.",
            "Move what should train out of the no_grad block, or off the decorated function. To"
            " keep a part from training, requires_grad_(False) lets gradient pass through it.",
        ),
    ),
    Cause(
        kind=CutKind.SET_GRAD_ENABLED,
        explanation=Explanation(
            "Autograd was switched off by set_grad_enabled(False), so no history was recorded"
            " here.",
            "See what the condition was in this step; often a training flag that is not passed on,"
            " or a switch that is not put back.",
        ),
    ),
    Cause(
        kind=CutKind.INFERENCE_MODE,
        explanation=Explanation(
            "It ran under torch.inference_mode(): no history, and autograd can use none of it.",
            "Run what should train outside of it. Where only memory was the point, torch.no_grad()"
            " gives tensors that can be used later.",
        ),
    ),
)
