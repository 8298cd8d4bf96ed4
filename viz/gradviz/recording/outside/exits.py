"""The calls by which a value leaves torch: as a number, as an array, as memory, as a file."""

from types import FrameType

from gradviz.causes import CAUSES, LeavesAs
from gradviz.causes.pickled import PICKLE
from gradviz.recording.reading.nowhere import goes_nowhere, may_go_nowhere
from gradviz.recording.reading.where import INSIDE, level, outside_torch
from gradviz.recording.torch_inside import FILES, HAND_OVER, REDUCES

NUMBERS, TEXTS, MEMORY = (
    {name: cause.kind for cause in CAUSES if cause.leaves_as is way for name in cause.calls}
    for way in (LeavesAs.NUMBER, LeavesAs.TEXT, LeavesAs.MEMORY)
)
FROM_OUTSIDE = frozenset(("from_file",))
"""What makes a tensor of values that torch has not computed."""

_WITHIN_TORCH = frozenset(name for cause in CAUSES if cause.within_torch for name in cause.calls)
_REDUCES = frozenset((REDUCES, "__reduce_ex__", "reduce_tensor"))


def name_of_memory(name: str, frame: FrameType) -> str:
    """Return what takes the memory of a tensor out: the call itself, a pickle.

    Nothing, where torch does it for purposes of its own.
    """
    caller: FrameType | None = frame
    while caller is not None and (caller.f_code is HAND_OVER or caller.f_code.co_name == name):
        caller = caller.f_back  # the function itself, where torch has it in Python
    if name in _WITHIN_TORCH or caller is None or level(caller.f_code.co_filename) != INSIDE:
        return name
    for _ in range(4):
        if caller is None or level(caller.f_code.co_filename) != INSIDE:
            break
        if is_pickling(caller):
            return PICKLE
        caller = caller.f_back
    return ""


def goes_nowhere_from(frame: FrameType | None) -> bool:
    """Say whether what leaves torch in a frame was seen to go nowhere, by the source."""
    outer = outside_torch(frame)
    return outer is not None and goes_nowhere(outer.f_code, outer.f_lasti)


def is_pickling(frame: FrameType) -> bool:
    """Say whether a frame is torch's own and takes a tensor apart for a pickle."""
    return frame.f_code.co_name in _REDUCES and level(frame.f_code.co_filename) == INSIDE


def is_saved(frame: FrameType) -> bool:
    """Say whether ``torch.save`` runs a frame: what it writes comes back as data that are read."""
    caller: FrameType | None = frame
    while caller is not None and level(caller.f_code.co_filename) == INSIDE:
        if caller.f_code.co_filename == FILES:
            return True
        caller = caller.f_back
    return False


def may_go_nowhere_from(frame: FrameType | None) -> bool:
    """Say whether it goes nowhere if whatever gets an address by way of a key only looks it up."""
    outer = outside_torch(frame)
    return outer is not None and may_go_nowhere(outer.f_code, outer.f_lasti)
