"""Makes a call in the name of the line that asked for it.

Torch warns in the name of the innermost Python frame, which is gradviz's while a call is watched.
The user's filters go by that frame's module, and what is printed names its file and line. So the
call is made by a function that has the file, line and globals of the frame that would have made
it unwatched. A debugger would stop in it as in the line itself, and a profiler count it as the
user's, so there gradviz calls plainly.
"""

import sys
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, FrameType, FunctionType
from typing import Any

from gradviz.recording import torch_inside
from gradviz.system.frames import Borrowed, is_own

Maker = Callable[[Callable[..., Any], Any, Any], Any]
"""Calls a function with arguments and keywords, and returns what it returns."""

_MOST = 10_000  # lines whose maker is kept
_monitoring = getattr(sys, "monitoring", None)
_tool = getattr(_monitoring, "get_tool", None)
_TOOLS = (0, 2)  # a debugger's and a profiler's
_SAME_LINE = bytes((0x80 | 13 << 3 | 7, 0))
"""Eight code units of the line that the unit before has, as in Python's table of locations."""


def _make(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    return function(*args, **kwargs)


_UNITS = len(_make.__code__.co_code) // 2


def as_warned_alone(keywords: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of a torch function that is told how far up its warnings' line is, so
    that it comes to the line that it would come to unwatched.

    Up to the third frame, the caller's, the frames are the same. Above it stand torch's
    ``handle_torch_function``, the function's first call, and the caller once more.
    """
    level = keywords["_stacklevel"]
    return {**keywords, "_stacklevel": level + 3} if level > 3 else keywords


class OnBehalf:
    """The functions that make calls in the name of the lines of one thread."""

    def __init__(self) -> None:
        # The code is held, so that no other has its id
        self._makers: dict[tuple[int, int], tuple[CodeType, FunctionType]] = {}

    def maker(self, frame: FrameType) -> Maker:
        """Return what makes a call in the name of the line that a frame is on."""
        if sys.gettrace() is not None or sys.getprofile() is not None or _is_monitored():
            return _make
        code = frame.f_code
        if code is torch_inside.HAND_OVER and frame.f_back is not None:
            # It has come out of torch's own function, which is called once more
            frame = frame.f_back.f_back or frame
            while is_own(frame.f_code) and frame.f_back is not None:
                frame = frame.f_back  # a seam lies over that function
            code = frame.f_code
        remembered = self._makers.get((id(code), frame.f_lasti))
        if remembered is not None and remembered[1].__globals__ is frame.f_globals:
            return remembered[1]
        if len(self._makers) > _MOST:
            self._makers.clear()
        line = frame.f_lineno or code.co_firstlineno
        maker = FunctionType(_with_line(code.co_filename, line), frame.f_globals)
        self._makers[id(code), frame.f_lasti] = code, maker
        return maker

    def forget(self) -> None:
        """Let go of the user's code."""
        self._makers.clear()


def _is_monitored() -> bool:
    """Say whether a debugger or a profiler listens by ``sys.monitoring``, which Python has since
    3.12.
    """
    return _tool is not None and any(_tool(number) is not None for number in _TOOLS)


@lru_cache(maxsize=_MOST)
def _with_line(filename: str, line: int) -> CodeType:
    return _make.__code__.replace(
        co_filename=Borrowed(filename),
        co_firstlineno=line,
        co_linetable=_SAME_LINE * (_UNITS // 8 + 1),
    )
