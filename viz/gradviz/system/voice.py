"""What gradviz says in a process that is the user's.

Whatever became of standard error there, the run goes on and ends as it would.

Names and lines of code are somebody else's text: :func:`printable` is what all of it goes through,
in whatever is written.
"""

import os
import re
import shutil
import sys
import textwrap
import warnings
from contextlib import suppress
from traceback import clear_frames
from typing import NamedTuple, Protocol, TextIO

# The margin of a line: "  cut       ", "  not trained: "
_LABELLED = re.compile(r"  (?:[a-z]+ {2,}|[a-z ]+: |          )")
_PROSE = re.compile(r"  (?:means|fix|why|note) {2,}")
PROSE_WIDTH = 100  # where no terminal has a width of its own
_RED, _BOLD, _FAINT, _PLAIN = "\x1b[1;31m", "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Saying(NamedTuple):
    """What there is to say, and whether it is an alarm."""

    text: str
    alarm: bool = False


class Voice(Protocol):
    """Says a text; an alarm so that it stands out."""

    def __call__(self, text: str, /, *, alarm: bool = False) -> None: ...


def printable(text: str) -> str:
    r"""Return ``text`` on one line, with a backslash escape for every character that cannot be
    shown, or that a terminal acts upon.

    >>> printable("a" + chr(10) + chr(0x202e))
    'a\\n\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def warn(error: BaseException, voice: Voice | None = None) -> None:
    """Say once that gradviz failed and that training goes on.

    The frames that the error ended let go of what they held, so that the user's tensors do not wait
    for a garbage collection.
    """
    text = printable(str(error).splitlines()[0]) if str(error) else ""
    clear_frames(error.__traceback__)
    (voice or say)(
        f"gradviz: stopped watching, and the script runs on undisturbed ({type(error).__name__}:"
        f" {text})\n"
    )


def advise(text: str, level: int = 1) -> None:
    """Issue a RuntimeWarning for the line that calls the caller, ``level`` calls up.

    Where warnings are errors, it is written as plain text.
    """
    try:
        warnings.warn(text, RuntimeWarning, stacklevel=level + 2)
    except Exception:  # an error by the user's filter, or of a standard error that is closed
        say(f"gradviz: {text}\n")


def say(text: str, /, stream: TextIO | None = None, *, alarm: bool = False) -> None:
    """Write to a stream, or else to the standard error that the process began with.

    What cannot be written is left out.

    Args:
        text: Lines.
        stream: Where to.
        alarm: They are an alarm, which a terminal shows in red.
    """
    stream = stream or sys.__stderr__
    if stream is None or not text:
        return
    with suppress(Exception):
        if stream.isatty() and "NO_COLOR" not in os.environ:
            text = dressed(text, shutil.get_terminal_size().columns, alarm=alarm)
        else:
            text = with_short_prose(text)
        bars = getattr(getattr(sys.modules.get("tqdm"), "tqdm", None), "_instances", ())
        # A progress bar leaves its line unfinished
        _write(stream, f"\n{text}" if len(bars) else text)


def dressed(text: str, width: int, *, alarm: bool = False) -> str:
    """Return lines as a terminal of ``width`` columns shows them.

    Wrapped below their beginning, the head of an alarm red, labels faint.
    """
    lines = []
    for line in text.splitlines():
        labelled = _LABELLED.match(line)
        indent = len(labelled[0]) if labelled and len(labelled[0]) <= width // 2 else 2
        body = _wrapped(line, max(width, 20), indent)
        if line.startswith("gradviz"):
            head = _RED if alarm else _BOLD
            body = [f"{head}{part}{_PLAIN}" for part in body]
        elif labelled and body:
            body[0] = f"{_FAINT}{body[0][:indent]}{_PLAIN}{body[0][indent:]}"
        lines += body or [""]
    return "\n".join(lines) + ("\n" if text.endswith("\n") else "")


def with_short_prose(text: str) -> str:
    """Return lines as a file or another program gets them: what explains is wrapped, as it is in
    the text of a report, and statements, names and code keep to one line, so that they can be
    searched.
    """
    lines: list[str] = []
    for line in text.splitlines():
        labelled = _PROSE.match(line)
        lines += _wrapped(line, PROSE_WIDTH, len(labelled[0])) if labelled else [line]
    return "\n".join(lines) + ("\n" if text.endswith("\n") else "")


def _wrapped(line: str, width: int, indent: int) -> list[str]:
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


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
    # A file that was opened since the stream was closed may have got its number; only streams are
    # handed on to child processes.
    if os.get_inheritable(descriptor) or descriptor > 2:
        # Straight to the system: what stays in Python's buffer is tried again at the end, and makes
        # the process fail.
        while data:
            data = data[os.write(descriptor, data) :]
