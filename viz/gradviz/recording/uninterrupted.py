"""What an interrupt has kept from ending, and whether a failure is gradviz's own."""

import contextlib
import inspect
from types import FrameType

from gradviz.recording.reading.where import INSIDE, level
from gradviz.recording.torch_inside import OVERRIDES


def end_blocks(error: BaseException) -> None:
    """End the blocks of torch that take a mode off its stack for a moment, and that an interrupt
    has kept from ending.

    They are generators; one that is left hanging in the traceback would put the mode back whenever
    the traceback is forgotten.
    """
    trace = error.__traceback__
    while trace is not None:
        manager = (
            trace.tb_frame.f_locals.get("self")
            if trace.tb_frame.f_code.co_filename == contextlib.__file__
            else None
        )
        block = getattr(manager, "gen", None)
        if (
            block is not None
            and block.gi_frame is not None
            and block.gi_code.co_filename == OVERRIDES
        ):
            block.close()
        trace = trace.tb_next


def is_own(failure: BaseException) -> bool:
    """Say whether an exception is a failure of gradviz's own, and none that a signal handler raised
    while gradviz was at work.
    """
    trace = failure.__traceback__
    if not isinstance(failure, Exception):
        return False
    while trace is not None:
        if _is_handler(trace.tb_frame):
            return False
        trace = trace.tb_next
    return True


def _is_handler(frame: FrameType) -> bool:
    """A signal handler is handed the frame that it interrupts, which is the one that it
    returns to.
    """
    code = frame.f_code
    if level(code.co_filename) == INSIDE:
        return False
    rest = bool(code.co_flags & inspect.CO_VARARGS)
    values = [
        frame.f_locals.get(name)
        for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + rest]
    ]
    return any(
        item is frame.f_back
        for value in values
        for item in (value if type(value) is tuple else (value,))
    )
