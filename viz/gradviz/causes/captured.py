"""A custom Function used a tensor that it was not handed as an argument of its own, so autograd
does not know of it.
"""

from gradviz.causes.explanation import Explanation

CAPTURED = Explanation(
    "The forward of this torch.autograd.Function reads a tensor that is no argument of apply() by"
    " itself: captured, or inside a tuple, dict or object. Autograd looks at arguments that are"
    " tensors, so this one is no input of the Function.",
    "Hand the tensor to apply() as an argument of its own, and return a gradient for it from"
    " backward().",
)
