"""What was written to a terminal of a test's own."""

import contextlib
import os


def told(master: int) -> str:
    """Return all that was written to the other end, once nobody holds that open any more.

    The system hands on what was written when it comes to it, so that one read may find a part.
    """
    parts = []
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while part := os.read(master, 4096):
            parts.append(part)
    os.close(master)
    return b"".join(parts).decode()
