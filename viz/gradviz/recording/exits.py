"""The calls by which a value leaves torch: as a number, as an array, as memory, as a file."""

from types import FrameType

from gradviz.graph import CutKind
from gradviz.recording.where import INSIDE, level

NUMBERS = {
    "item": CutKind.ITEM,
    "tolist": CutKind.ITEM,
    "__float__": CutKind.ITEM,
    "__int__": CutKind.ITEM,
    "__index__": CutKind.ITEM,
    "__complex__": CutKind.ITEM,
    "numpy": CutKind.NUMPY,
    "__array__": CutKind.NUMPY,
}
MEMORY = {
    "data_ptr": CutKind.NUMPY,
    "untyped_storage": CutKind.NUMPY,
    "storage": CutKind.NUMPY,
    "__dlpack__": CutKind.NUMPY,
}
TEXTS = {"__format__": CutKind.ITEM, "__repr__": CutKind.ITEM}
PICKLE = "pickle.dumps"

OPERATIONS = {
    "__float__": "float()",
    "__int__": "int()",
    "__index__": "int()",
    "__complex__": "complex()",
    "__array__": "numpy()",
    "__dlpack__": "from_dlpack()",
    "__format__": "format()",
    "__repr__": "str()",
    PICKLE: "pickle",
}
"""How a person would write what goes by another name."""

_REDUCES = frozenset(("_reduce_ex_internal", "__reduce_ex__"))


def name_of_memory(name: str, frame: FrameType) -> str:
    """Return what takes the memory of a tensor out: the call itself, a pickle; nothing, where torch does it for purposes of its own."""
    if name == "__dlpack__" or level(frame.f_code.co_filename) != INSIDE:
        return name
    here: FrameType | None = frame
    for _ in range(4):
        if here is None or level(here.f_code.co_filename) != INSIDE:
            break
        if here.f_code.co_name in _REDUCES:
            return PICKLE
        here = here.f_back
    return ""
