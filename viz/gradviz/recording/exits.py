"""The calls by which a value leaves torch: as a number, as an array, as memory, as a file."""

from types import FrameType

from gradviz.graph import CutKind
from gradviz.recording.torch_inside import HAND_OVER
from gradviz.recording.where import INSIDE, level

NUMBERS = {
    "item": CutKind.ITEM,
    "tolist": CutKind.ITEM,
    "__float__": CutKind.ITEM,
    "__int__": CutKind.ITEM,
    "__index__": CutKind.ITEM,
    "__complex__": CutKind.ITEM,
    "__bool__": CutKind.ITEM,
    "numpy": CutKind.NUMPY,
    "__array__": CutKind.NUMPY,
}
MEMORY = {
    "data_ptr": CutKind.NUMPY,
    "untyped_storage": CutKind.NUMPY,
    "storage": CutKind.NUMPY,
    "__dlpack__": CutKind.NUMPY,
    "share_memory_": CutKind.NUMPY,
}
TEXTS = {"__format__": CutKind.ITEM, "__repr__": CutKind.ITEM}
PICKLE = "pickle.dumps"
FROM_OUTSIDE = frozenset(("from_file",))
"""What makes a tensor of values that torch has not computed."""

OPERATIONS = {
    "__float__": "float()",
    "__int__": "int()",
    "__index__": "int()",
    "__complex__": "complex()",
    "__bool__": "bool()",
    "__array__": "numpy()",
    "__dlpack__": "from_dlpack()",
    "__format__": "format()",
    "__repr__": "str()",
    PICKLE: "pickle",
}
"""How a person would write what goes by another name."""

_REDUCES = frozenset(("_reduce_ex_internal", "__reduce_ex__", "reduce_tensor"))


def name_of_memory(name: str, frame: FrameType) -> str:
    """Return what takes the memory of a tensor out: the call itself, a pickle.

    Nothing, where torch does it for purposes of its own.
    """
    here: FrameType | None = frame
    while here is not None and (here.f_code is HAND_OVER or here.f_code.co_name == name):
        here = here.f_back  # the function itself, where torch has it in Python
    if name == "__dlpack__" or here is None or level(here.f_code.co_filename) != INSIDE:
        return name
    for _ in range(4):
        if here is None or level(here.f_code.co_filename) != INSIDE:
            break
        if here.f_code.co_name in _REDUCES:
            return PICKLE
        here = here.f_back
    return ""
