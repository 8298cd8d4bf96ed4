"""What a torch call is by its name.

What it severs, whether it writes in place, and how a person would write it.
"""

from torch import nn

from gradviz.causes import CAUSES
from gradviz.graph import GRAD_MODES, CutKind
from gradviz.recording import torch_inside
from gradviz.recording.reading.where import Surroundings

KIND_OF = {name: cause.kind for cause in CAUSES for name in cause.calls}
_WRITTEN = {name: text for cause in CAUSES for name, text in cause.calls.items() if text}
CASTS = frozenset(
    ("to", "type", "int", "long", "short", "byte", "char", "bool", "type_as", "copy_")
)
SHAPE_ONLY = frozenset(
    ("type_as", "expand_as", "view_as", "reshape_as", "to", "resize_as_", "sum_to_size")
)
FILLS = frozenset(
    (
        *"zero_ fill_ copy_ normal_ uniform_ bernoulli_ random_ exponential_".split(),
        *"cauchy_ geometric_ log_normal_".split(),
        *(name for name in vars(nn.init) if name.endswith("_") and not name.startswith("_")),
    )
)
"""Functions that leave nothing of what was in their first argument."""
_NOT_IN_PLACE = frozenset(
    "requires_grad_ retain_grad share_memory_ detach_ squeeze_ unsqueeze_ rename_".split()
)
# Where the values of a sparse tensor stand does not depend on the values.
POSITIONS = frozenset(
    ("indices", torch_inside.INDICES, "crow_indices", "col_indices", "ccol_indices", "row_indices")
)


def is_in_place(name: str) -> bool:
    """Say whether a function writes its first argument, as its name tells."""
    if name in _NOT_IN_PLACE:
        return False
    if name.startswith("__"):
        return name == "__setitem__" or (
            name.startswith("__i")
            and name not in ("__int__", "__index__", "__invert__", "__iter__")
        )
    return (name.endswith("_") and not name.startswith("_")) or (
        name.startswith(torch_inside.FOREACH) and name.endswith("_")
    )


_COMPARED = ("eq", "ne", "lt", "le", "gt", "ge")
COMPARISONS = frozenset((*_COMPARED, *(f"__{name}__" for name in _COMPARED)))
"""Functions that compare two tensors."""

OUT = "(out=...)"
"""How the name of a function ends that writes its result into an argument."""


_OF_DATA = {"set_": "set_()"}  # what is as .data is, and not written so


def operation_text(name: str, kind: CutKind | None, stack: Surroundings) -> str:
    """Return an operation as a person would write it."""
    if kind is CutKind.DEEPCOPY:
        return "copy.deepcopy()"
    if stack.state_dict and kind is CutKind.DETACH:
        return "state_dict()"
    if stack.folding and kind is CutKind.DETACH:
        return "torch.func.linearize()"
    if (
        kind is CutKind.NON_DIFFERENTIABLE
        and stack.torch_line is not None
        and stack.torch_line.co_name == torch_inside.SAMPLE
    ):
        return "sample()"
    if kind is CutKind.CUSTOM_FUNCTION:
        return f"{stack.function}.apply()".lstrip(".")
    if kind is CutKind.DATA:
        return _OF_DATA.get(name, ".data")
    if kind in GRAD_MODES:
        return GRAD_MODES[kind]
    if kind is CutKind.GRAD_WITHOUT_GRAPH:
        return (
            f"torch.autograd.functional.{stack.entered}()"
            if stack.entered in torch_inside.DERIVATIVES
            else "torch.autograd.grad()"
        )
    if kind is CutKind.NEW_TENSOR and name not in _WRITTEN:
        return (
            name if "." in name else f"torch.{name}()" if name != "new_tensor" else "new_tensor()"
        )
    if name.endswith(OUT):
        return name
    short = "[...] =" if name == "__setitem__" else _WRITTEN.get(name)
    return short or f"{name.strip('_') if name.startswith('__') else name}()"
