"""A new tensor was made from the numbers of a live one.

torch.tensor, nn.Parameter, Variable, deepcopy, writes under no_grad.
"""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.NEW_TENSOR,
        calls=dict.fromkeys(("tensor", "as_tensor", "asarray", "scalar_tensor", "new_tensor"), ""),
        explanation=Explanation(
            "A new tensor was made from the numbers of a live one. It may require grad itself, but"
            " nothing behind it trains.",
            "Use the tensor as it is, or torch.stack / torch.cat to put several into one.",
        ),
    ),
    Cause(
        kind=CutKind.DEEPCOPY,
        explanation=Explanation(
            "copy.deepcopy made an independent copy; gradient reaches the copy and not what it was"
            " copied from.",
            "Use the original, clone() a tensor, or torch.func.functional_call to run a module with"
            " other parameters.",
        ),
    ),
    Cause(
        kind=CutKind.COPY_UNDER_NO_GRAD,
        explanation=Explanation(
            "A live value was written into a buffer or weight while no history was recorded, so"
            " what reads it later sees a constant.",
            "Pass the value on itself instead of writing it into a tensor, or write with history"
            " recorded. For moving averages and running statistics it is as it should be.",
        ),
    ),
)
