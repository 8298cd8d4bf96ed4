"""Write a file whole or not at all."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path


def replace(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, where a reader sees the old content or the new one, never a half.

    A file that is there already keeps its permissions; a new one has those that ``open`` gives it.
    What is no plain file (a pipe, a device) stays what it is, and is written to.

    Raises:
        OSError: It cannot be written; what was there before is still there.
    """
    before = _mode(path)
    if before is not None and not stat.S_ISREG(before):
        path.write_bytes(data)
        return
    # The name is made up first, and taken away by one call of C, so that no interrupt leaves the
    # file behind.
    new = str(path.with_name(f".{path.name[:32]}.{secrets.token_hex(8)}"))
    try:
        with open(new, "xb") as file:
            if before is not None:
                os.chmod(new, stat.S_IMODE(before))
            file.write(data)
        os.replace(new, path)
    except BaseException:
        with suppress(OSError):  # it never came to be, or has its place already
            os.unlink(new)
        raise


def _mode(path: Path) -> int | None:
    """Return type and permissions of the file that is replaced; None where there is none."""
    try:
        return path.stat().st_mode
    except OSError:
        return None
