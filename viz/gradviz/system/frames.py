"""Which lines of a traceback are gradviz's own, and which frames nobody is to count.

A traceback that the user prints looks as it does without a trace, and a warning for a caller's
caller names the same line.
"""

import os
from types import CodeType, FunctionType
from typing import Any, TypeVar, cast

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

Function = TypeVar("Function", bound=Any)

# Python's own import system is told by these two words in the names of its files
_UNCOUNTED = os.path.join(FOLDER + "importlib", "_bootstrap") + os.sep


class Borrowed(str):
    """The name of a file that another's code has borrowed.

    To everybody else it is that name, also as a key of a table. What is asked of it is
    answered in C: tracemalloc asks while it holds a lock, for which a line of Python would wait.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # as a warning or a snapshot of memory is saved


def is_own(code: CodeType) -> bool:
    """Say whether code is gradviz's, under a borrowed name too."""
    return type(code.co_filename) is Borrowed or code.co_filename.startswith(FOLDER)


def uncounted(function: Function) -> Function:
    """Return a function of gradviz's that calls the user's or torch's code, with frames that
    ``warnings`` and ``logging`` pass over as they go up by ``stacklevel`` to a caller.
    """
    written = cast("FunctionType", function)
    name = written.__code__.co_filename.removeprefix(FOLDER)
    written.__code__ = written.__code__.replace(co_filename=_UNCOUNTED + name)
    return function


def leave_out_caller(error: BaseException) -> None:
    """Take gradviz's frames off the head of a traceback, from the frame that caught the exception
    to what it called.

    A bare ``raise`` does not put the frame back.
    """
    entry = error.__traceback__
    while entry is not None and is_own(entry.tb_frame.f_code):
        entry = entry.tb_next
    # As an exception of a frozen class lets no attribute be set
    BaseException.with_traceback(error, entry)
