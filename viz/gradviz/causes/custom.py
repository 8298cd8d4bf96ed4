"""An ``autograd.Function`` of the user's own gives no gradient back."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.CUSTOM_FUNCTION,
        explanation=Explanation(
            "This torch.autograd.Function gives back no gradient for this input: its backward()"
            " returns None for it, or its forward() marks the result as non-differentiable.",
            "Return a gradient for it from backward(), and see that forward() does not mark its"
            " output as non-differentiable. Where forward() takes it from around it, hand it to"
            " apply(). Around a reentrant checkpoint, pass use_reentrant=False.",
        ),
    ),
)
