"""Which lines of a traceback are gradviz's own.

The user who catches what a watched call raises prints it as without a trace.
"""

import os
from types import CodeType

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Borrowed(str):
    """The name of a file that another's code has borrowed.

    It is the name itself to everybody else, who may keep it in a table. What is asked of it is
    answered in C: tracemalloc asks while it holds a lock, for which a line of Python would wait.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # as a warning or a snapshot of memory is saved


def is_own(code: CodeType) -> bool:
    """Say whether code is gradviz's, under a borrowed name too."""
    return type(code.co_filename) is Borrowed or code.co_filename.startswith(FOLDER)


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
