"""Code of the user's own gives no gradient back: an autograd.Function, a hook."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

RAISED = "backward() raised"
"""How the operation of a cut begins where a backward raised, and so brought nothing to anything."""

RAISED_EXPLANATION = Explanation(
    "backward() raised an error here. Nothing is called reached, although some gradient may have"
    " arrived before.",
    "Do what the error says. Where a derivative is not implemented, use operations that have one.",
)

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
    Cause(
        kind=CutKind.HOOK,
        explanation=Explanation(
            "A hook put something else in place of the value or of its gradient.",
            "See what the hook returns: None leaves everything as it is, a detached or new tensor"
            " cuts.",
        ),
    ),
    Cause(
        kind=CutKind.GRAD_WITHOUT_GRAPH,
        calls={"grad": ""},
        explanation=Explanation(
            "torch.autograd.grad gave gradients as plain numbers, so a loss made from them trains"
            " nothing behind them.",
            "Pass create_graph=True where the loss depends on a gradient (penalties,"
            " meta-learning).",
        ),
    ),
    Cause(
        kind=CutKind.COLLECTIVE,
        explanation=Explanation(
            "The collective moves numbers between processes without recording history.",
            "Use torch.distributed.nn.functional, whose collectives have a backward, or put the"
            " process's own tensor back into its place.",
        ),
    ),
)
