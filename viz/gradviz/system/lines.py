"""The lines of a file, and those of a script that came through standard input, which no file has.

``linecache`` is not told of these: a traceback that the script prints shows none of them either.
"""

import linecache
import os
import stat
from contextlib import suppress

STDIN = "<stdin>"  # as Python names it

_read: list[str] = []  # of that script


def getlines(file: str) -> list[str]:
    """Return the lines of a file; none where it cannot be read."""
    return _read if file == STDIN and _read else linecache.getlines(file)


def getline(file: str, number: int) -> str:
    """Return a line of a file, counted from 1; an empty text where there is none."""
    lines = getlines(file)
    return lines[number - 1] if 0 < number <= len(lines) else ""


def read_ahead() -> None:
    """Read the script that Python is about to read from standard input, and leave it there."""
    with suppress(OSError, AttributeError):  # closed; a system that cannot look ahead
        kind = os.fstat(0).st_mode
        if stat.S_ISREG(kind):
            start = os.lseek(0, 0, os.SEEK_CUR)
            data = os.pread(0, os.fstat(0).st_size - start, start)
        elif stat.S_ISFIFO(kind):
            data = _pass_on()
        else:  # somebody types it
            return
        _read[:] = data.decode("utf-8", "replace").splitlines(keepends=True)


def _pass_on() -> bytes:
    """Return all that a pipe brings, and put another with the same into its place.

    Python itself reads it to its end before the first statement runs. What no pipe can hold goes
    into a file without a name.
    """
    data = b"".join(iter(lambda: os.read(0, 65536), b""))
    source, end = os.pipe()
    os.set_blocking(end, False)
    with suppress(OSError, ImportError):
        import fcntl

        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, max(len(data), 65536))
    try:
        is_whole = os.write(end, data) == len(data)
    except BlockingIOError:
        is_whole = False
    os.close(end)
    if not is_whole:
        import tempfile

        os.close(source)
        with tempfile.TemporaryFile(buffering=0) as file:
            source = os.dup(file.fileno())
        os.write(source, data)
        os.lseek(source, 0, os.SEEK_SET)
    os.dup2(source, 0)
    os.close(source)
    return data
