"""Changed files as one patch, and written in their place."""

import os
from collections.abc import Mapping
from pathlib import Path

from gradviz.errors import OutputError
from gradviz.mending.diff import unified
from gradviz.mending.own import is_own
from gradviz.system import atomic


def folder_of(files: Mapping[str, bytes]) -> Path:
    """Return the folder that a patch is applied in.

    The current one, or where all the files lie if they lie elsewhere.
    """
    paths = [Path(os.path.realpath(file)) for file in files]
    current = Path(os.path.realpath("."))
    if all(path.is_relative_to(current) for path in paths):
        return current
    return Path(os.path.commonpath([path.parent for path in paths]))


def patch(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> bytes:
    """Return the patch that makes ``after`` of ``before``, for ``git apply`` and ``patch -p1`` in
    :func:`folder_of`.
    """
    folder = folder_of(after)
    names = {file: Path(os.path.realpath(file)).relative_to(folder).as_posix() for file in after}
    return b"".join(
        unified(names[file], before[file], after[file])
        for file in sorted(after, key=lambda file: names[file])
    )


def write(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[Path]:
    """Put the changed bytes in their files, and return those. Nothing is written unless all can be.

    Raises:
        OutputError: A file is not the user's, is not what it was when it was read, or cannot be
            written.
    """
    paths = {file: Path(os.path.realpath(file)) for file in after}
    for file, path in paths.items():
        if not is_own(file):
            raise OutputError(f"{file} belongs to a package, and is left as it is")
        if _read(path) != before[file]:
            raise OutputError(
                f"{file} has changed since it was read, and is left as it is: run gradviz mend"
                " again"
            )
        if not os.access(path, os.W_OK):
            raise OutputError(f"cannot write {file}: permission denied")
    for file, path in paths.items():
        try:
            atomic.replace(path, after[file])
        except OSError as error:
            raise OutputError(f"cannot write {file}: {error.strerror}") from error
    return list(paths.values())


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
