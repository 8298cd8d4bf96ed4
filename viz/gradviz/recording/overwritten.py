"""Whether memory that was given out holds nothing more of what it held then.

None of the numbers is there any more, and what is there instead was put there as it is: by lines
that write into it what has nothing of it, or as numbers that a programmer writes.
"""

from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any

from torch import Tensor

from gradviz.recording.alike import is_written
from gradviz.recording.arguments import as_array
from gradviz.recording.escapes import Escapes, outside_torch
from gradviz.recording.exposed import Window
from gradviz.recording.outflows import filled_through, names_of_memory
from gradviz.recording.recorder import Recorder
from gradviz.recording.starts import keeps

_MOST = 1 << 16  # elements of a tensor that are looked at


def array_overwritten(recorder: Recorder, array: Any, frame: FrameType) -> int:
    """Return the call that took out an array of which nothing is left where it goes in; 0 where
    something is, or that cannot be told.
    """
    arrays = recorder.escapes.arrays
    left = arrays.of_memory(array)
    if left is None or not arrays.are_gone(left.serial, array, left.reference()):
        return 0
    if left.site is None or not _was_put_there(recorder.escapes, (left.site,), frame, array):
        return 0
    recorder.came_in()  # that it had no part at all is not said
    return left.serial


def is_overwritten(recorder: Recorder, tensor: Tensor, window: Window, frame: FrameType) -> bool:
    """Say whether something beside torch wrote over all that a tensor held as its memory was given
    out.
    """
    if not window.serial or tensor.numel() > _MOST:
        return False
    value, arrays = as_array(tensor), recorder.escapes.arrays
    return arrays.are_gone(window.serial, value, None) and _was_put_there(
        recorder.escapes, window.sites, frame, value
    )


def _was_put_there(
    escapes: Escapes, sites: Iterable[tuple[CodeType, int]], frame: FrameType, value: Any
) -> bool:
    """Say whether what memory holds that was given out at some instructions was put there since by
    what has nothing of what it held.
    """
    if all(_is_filled(escapes, *site) for site in sites):
        return True
    outer = outside_torch(frame)
    kept = outer is None or keeps(outer.f_code, ())
    return is_written(value) and kept and all(_keeps(*site) for site in sites)


def _keeps(code: CodeType, lasti: int) -> bool:
    return keeps(code, names_of_memory(code, lasti))


def _is_filled(escapes: Escapes, code: CodeType, lasti: int) -> bool:
    sliced = filled_through(code, lasti)
    site = escapes.sites.get(code.co_filename, {}).get((code, lasti))
    return sliced is not None and site is not None and not site.touches(sliced)
