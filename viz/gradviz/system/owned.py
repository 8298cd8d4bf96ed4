"""Files that this user alone can have written: what somebody else may put there is not read."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gradviz.system import atomic


def folder(path: Path) -> bool:
    """Make a folder for this user alone, unless it is there. Return whether it is such a folder.

    Such a folder is a real one, no link, and nobody else may write to it.
    """
    with suppress(OSError):
        path.mkdir(mode=0o700, parents=True)
    with suppress(OSError):
        status = path.lstat()
        if (
            os.name == "posix"
            and stat.S_ISDIR(status.st_mode)
            and status.st_uid == os.geteuid()
            and status.st_mode & 0o022
        ):
            # This user's own, made under a mask that let others write
            path.chmod(status.st_mode & 0o755)
    return _is_owned(path, stat.S_ISDIR)


def read(path: Path) -> bytes | None:
    """Return what a file holds.

    None where it cannot be read, is no plain file, or somebody else may have written it.

    Raises nothing, and waits for nothing: a pipe that stands there is not read.
    """
    try:
        if not _is_owned(path.parent.resolve(), stat.S_ISDIR):
            return None
        flags = (
            os.O_RDONLY
            | getattr(os, "O_NOFOLLOW", 0)
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_BINARY", 0)
        )
        with open(os.open(path, flags), "rb") as file:
            return file.read() if _is_ours(os.fstat(file.fileno()), stat.S_ISREG) else None
    except OSError:
        return None


def write(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, whole, where :func:`read` finds it.

    What is no plain file gives way.

    Raises:
        OSError: It cannot be written, or the folder is not this user's alone.
    """
    if not folder(path.parent.resolve()):
        raise PermissionError(f"{path.parent} is not this user's alone")
    with suppress(FileNotFoundError):
        if not _is_owned(path, stat.S_ISREG):
            path.unlink()
    atomic.replace(path, data)
    if os.name == "posix":
        os.chmod(path, 0o600)


def _is_owned(path: Path, is_kind: Callable[[int], bool]) -> bool:
    try:
        return _is_ours(path.lstat(), is_kind)
    except OSError:
        return False


def _is_ours(status: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    if not is_kind(status.st_mode):
        return False
    return os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)
