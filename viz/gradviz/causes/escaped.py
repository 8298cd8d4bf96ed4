"""The value left torch and came back as a constant: item(), tolist(), float(), numpy()."""

from gradviz.causes.cause import Cause, LeavesAs
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

_NUMBERS = {
    "item": "",
    "tolist": "",
    "__float__": "float()",
    "__int__": "int()",
    "__index__": "int()",
    "__complex__": "complex()",
    "__bool__": "bool()",
}
_MEMORY = ("data_ptr", "untyped_storage", "storage", "share_memory_")

CAUSES = (
    Cause(
        kind=CutKind.ITEM,
        leaves_as=LeavesAs.NUMBER,
        calls=_NUMBERS,
        explanation=Explanation(
            "The value became a Python number, and a number has no history: what is computed from"
            " it is a constant to the loss.",
            "Compute with the tensor, and read its number only for what is printed or logged.",
        ),
    ),
    Cause(
        kind=CutKind.NUMPY,
        leaves_as=LeavesAs.NUMBER,
        calls={"numpy": "", "__array__": "numpy()"},
        explanation=Explanation(
            "The value went through numpy, where autograd cannot follow, and came back as a"
            " constant.",
            "Use the torch function of the same name, or wrap the computation in a"
            " torch.autograd.Function with its own backward.",
        ),
    ),
    Cause(
        kind=CutKind.ITEM,
        leaves_as=LeavesAs.TEXT,
        calls={"__format__": "format()", "__repr__": "str()"},
    ),
    Cause(kind=CutKind.NUMPY, leaves_as=LeavesAs.MEMORY, calls=dict.fromkeys(_MEMORY, "")),
    Cause(
        kind=CutKind.NUMPY,
        operations=tuple(f"{name}()" for name in _MEMORY),
        explanation=Explanation(
            "The value's memory was handed out, where autograd cannot follow, and what was read"
            " from there came back as a constant.",
            "Compute with the tensor itself, or wrap the computation in a torch.autograd.Function"
            " with its own backward.",
        ),
    ),
)
