"""Whether memory that was given out holds nothing more of what it held then.

None of the numbers is there any more, and what is there instead was put there as it is: by lines
that write into it what has nothing of it, or as numbers that a programmer writes.
"""

from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any

import numpy as np
from torch import Tensor

from gradviz.recording.calls.arguments import as_array
from gradviz.recording.exposed import Window
from gradviz.recording.outside.alike import is_written
from gradviz.recording.outside.carried import is_carried, is_returned
from gradviz.recording.outside.escapes import Escapes
from gradviz.recording.outside.sites import Site
from gradviz.recording.reading.instructions import position_of
from gradviz.recording.reading.outflows import Route, filled_through, names_of_memory
from gradviz.recording.reading.starts import keeps
from gradviz.recording.reading.where import outside_torch
from gradviz.recording.recorder import Recorder

_MOST = 1 << 16  # elements of a tensor that are looked at
_CALLERS = 3  # into which a value is followed that is handed on
_TOGETHER = 16  # values that go one way and are told apart


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
    _is_none_of(recorder)
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


def left_in(
    recorder: Recorder, behind: tuple[int, ...], items: Iterable[Any], frame: FrameType
) -> tuple[int, ...]:
    """Return those of the values behind some arguments that they have something of.

    A value that comes to a call with its numbers as they are, if it comes at all, has no part where
    none of them is there. That it had no part at all is not said.
    """
    outer, values = outside_torch(frame), [_value(item) for item in items]
    if outer is None or not values or any(value is None for value in values):
        return behind
    left = tuple(number for number in behind if not _is_absent(recorder, number, values, outer))
    if len(left) < len(behind):
        _is_none_of(recorder)
    return left


def elements_of(recorder: Recorder, number: int, value: Any, frame: FrameType) -> dict[int, Any]:
    """Return which elements of an array each of some values that go one way may have put there, by
    its number; nothing where that cannot be told.

    What comes with its numbers as they are has no part in an element that is none of them.
    """
    outer, escapes = outside_torch(frame), recorder.escapes
    singles = _singles(recorder, number)
    if outer is None or len(singles) > _TOGETHER:
        return {}
    if not all(_is_carried(escapes, single, outer) for single in singles):
        return {}
    marks = {single: escapes.arrays.among(single, value) for single in singles}
    return {} if any(mark is None for mark in marks.values()) else marks


def _is_none_of(recorder: Recorder) -> None:
    """Take note that something that left is none of what goes in: that it had no part in it at all
    is not said.
    """
    recorder.escapes.arrays.absent += 1
    recorder.came_in()


def _is_absent(recorder: Recorder, number: int, values: Iterable[Any], frame: FrameType) -> bool:
    """Say whether a value, or each of a few that go one way, has no part in some arrays."""
    escapes, singles = recorder.escapes, _singles(recorder, number)
    return len(singles) <= _TOGETHER and all(
        _is_carried(escapes, single, frame)
        and all(escapes.arrays.are_gone(single, value, None) for value in values)
        for single in singles
    )


def _singles(recorder: Recorder, number: int) -> list[int]:
    call = recorder.tape.calls[number]
    return [source for source, _ in call.inputs] if call.name == "python" else [number]


def _value(item: Any) -> Any:
    """Return an array, or that of a tensor of few elements; None for any other argument."""
    if isinstance(item, Tensor):
        return as_array(item) if item.numel() <= _MOST else None
    return item if type(item) is np.ndarray else None


def _is_carried(escapes: Escapes, serial: int, frame: FrameType) -> bool:
    """Say whether a value that left in a function, or in one that it calls or that calls it, comes
    to a call in it with its numbers as they are, wherever it does.
    """
    outer: FrameType | None = frame
    for _ in range(_CALLERS):
        if outer is None:
            break
        code = outer.f_code
        sites = [
            site
            for site in escapes.sites.get(code.co_filename, {}).values()
            if site.code is code and any(serial in marks.numbers for marks in site.marks.values())
        ]
        if sites:
            exits = frozenset(filter(None, (position_of(code, site.lasti) for site in sites)))
            come = all(site.direct or _is_returned(site) for site in sites)
            return come and is_carried(code, outer.f_lasti, exits)
        if not is_carried(code, outer.f_lasti, None):
            break
        outer = outside_torch(outer.f_back)
    return False


def _is_returned(site: Site) -> bool:
    """Say whether what left in the functions that a site calls is returned with its numbers as they
    are.
    """
    pending: list[Route | None] = [*site.marks]
    while pending:
        way = pending.pop()
        if way is not None:
            if not is_returned(way.code, way.lasti):
                return False
            pending.append(way.below)
    return True


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
