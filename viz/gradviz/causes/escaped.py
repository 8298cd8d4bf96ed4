"""The value left torch and came back as a constant: item(), tolist(), float(), numpy()."""

from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

EXPLANATIONS = {
    CutKind.ITEM: Explanation(
        "The value became a Python number, and a number has no history: what is computed from it is"
        " a constant to the loss.",
        "Compute with the tensor, and keep item() for what is printed or logged.",
    ),
    CutKind.NUMPY: Explanation(
        "The value went through numpy, where autograd cannot follow, and came back as a constant.",
        "Use the torch function of the same name, or wrap the computation in a"
        " torch.autograd.Function with its own backward.",
    ),
}
