"""A value was taken out of the graph on purpose: detach(), detach_(), .data."""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.DETACH,
        calls={"detach": ""},
        explanation=Explanation(
            "detach() returns the same numbers without their history: no gradient passes it.",
            "Drop detach() in the loss that should train this; keep it in targets and other"
            " losses.",
        ),
    ),
    Cause(
        kind=CutKind.DETACH_,
        calls={"detach_": ""},
        explanation=Explanation(
            "detach_() takes the tensor itself out of the graph: whoever uses it from here on"
            " trains nothing that came before.",
            "Drop it, or use x.detach() in the one place that should not train. To freeze a single"
            " layer and still train those before it, set its parameters' requires_grad_(False)"
            " instead.",
        ),
    ),
    Cause(
        kind=CutKind.DATA,
        calls={"data": ""},
        explanation=Explanation(
            ".data is the tensor without its history, and without autograd's checks against changes"
            " behind its back.",
            "Use the tensor itself. Where the value is meant as a constant, write .detach(), which"
            " says so and is checked.",
        ),
    ),
    Cause(
        kind=CutKind.DATA,
        operations=("set_()",),
        explanation=Explanation(
            "set_() gives a tensor the memory of another, without its history.",
            "Use the other tensor itself, in place of the one that has got its memory.",
        ),
    ),
    Cause(
        kind=CutKind.DATA,
        operations=("shared memory",),
        explanation=Explanation(
            "What this line reads lies in the parameter's memory, and was taken out of its graph"
            " where the trace did not see it: before it began, by .data, detach(), state_dict() or"
            " numpy(), or by torch.jit.freeze().",
            "Read the parameter itself here. A value that is meant as a constant needs memory of"
            " its own: detach().clone().",
        ),
    ),
)
