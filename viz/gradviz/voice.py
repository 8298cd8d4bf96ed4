"""What gradviz says in a process that is the user's. Whatever became of standard error there, the run goes on and ends as it would.

Names and lines of code are somebody else's text: :func:`printable` is what all of it goes through, in whatever is written.
"""

import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO


def printable(text: str) -> str:
    r"""Return ``text`` on one line, with a backslash escape for every character that cannot be shown, or that a terminal acts upon.

    >>> printable("a" + chr(10) + chr(0x202e))
    'a\\n\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def warn(error: BaseException, voice: Callable[[str], None] | None = None) -> None:
    """Say once that gradviz failed and that training goes on."""
    text = printable(str(error).splitlines()[0]) if str(error) else ""
    (voice or say)(f"gradviz: stopped watching, and the script runs on undisturbed ({type(error).__name__}: {text})\n")


def advise(text: str, level: int = 1) -> None:
    """Issue a RuntimeWarning for the line that calls the caller, ``level`` calls up; said in plain where warnings are errors."""
    try:
        warnings.warn(text, RuntimeWarning, stacklevel=level + 2)
    except Exception:  # an error by the user's filter, or of a standard error that is closed
        say(f"gradviz: {text}\n")


def say(text: str, stream: TextIO | None = None) -> None:
    """Write to a stream, or else to the standard error that the process began with. What cannot be written is left out."""
    stream = stream or sys.__stderr__
    if stream is None or not text:
        return
    with suppress(Exception):
        bars = getattr(getattr(sys.modules.get("tqdm"), "tqdm", None), "_instances", ())
        _write(stream, f"\n{text}" if len(bars) else text)  # a progress bar leaves its line unfinished


def _write(stream: TextIO, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    data = text.encode(encoding, "backslashreplace")
    try:
        descriptor = stream.fileno()
    except (OSError, AttributeError, ValueError):  # a notebook's, a test's, one of the user's own
        stream.write(data.decode(encoding))
        stream.flush()
        return
    stream.flush()
    # A file that was opened since the stream was closed may have got its number; only streams are handed on to child processes.
    if os.get_inheritable(descriptor) or descriptor > 2:
        # Straight to the system: what stays in Python's buffer is tried again at the end, and makes the process fail.
        while data:
            data = data[os.write(descriptor, data) :]
