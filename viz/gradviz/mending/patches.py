"""Changed files as one patch, and written in their place."""

import difflib
import itertools
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from gradviz.errors import OutputError
from gradviz.mending.own import is_own
from gradviz.system import atomic
from gradviz.system.grouped import grouped


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


# Unified diffs as ``git apply`` and ``patch -p1`` take them, in bytes, so that line ends and
# encodings come out as they went in.


_LINES = re.compile(rb"[^\n]*\n|[^\n]+")
_MISSING = b"\n\\ No newline at end of file\n"
_ESCAPES = {
    7: "\\a",
    8: "\\b",
    9: "\\t",
    10: "\\n",
    11: "\\v",
    12: "\\f",
    13: "\\r",
    34: '\\"',
    92: "\\\\",
}


def unified(name: str, before: bytes, after: bytes) -> bytes:
    """Return the diff of one file; empty where nothing differs.

    Args:
        name: Path of the file from the folder that the diff is applied in, with forward slashes.
        before: Its bytes.
        after: Its bytes with the change.
    """
    old, new = _LINES.findall(before), _LINES.findall(after)
    lines = list(difflib.diff_bytes(difflib.unified_diff, old, new, b"old", b"new", lineterm=b"\n"))
    if not lines:
        return b""
    a, b = (quoted(f"{side}/{name}") for side in "ab")
    # Else a name would be taken to end at the blank
    tab = b"\t" if b" " in a and not a.startswith(b'"') else b""
    head = [
        b"diff --git " + a + b" " + b + b"\n",
        b"--- " + a + tab + b"\n",
        b"+++ " + b + tab + b"\n",
    ]
    return b"".join(
        [*head, *(line if line.endswith(b"\n") else line + _MISSING for line in lines[2:])]
    )


def quoted(name: str) -> bytes:
    """Return a file name as git writes it.

    Plain, or between quotes with escapes where it holds anything unusual.
    """
    data = name.encode("utf-8", "surrogateescape")
    if all(32 <= byte < 127 and byte not in (34, 92) for byte in data):
        return data
    return b'"' + "".join(map(_escaped, data)).encode("ascii") + b'"'


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


# Several patches of the same files as one.


def merged(
    before: Mapping[str, bytes], patches: Iterable[Mapping[str, bytes]]
) -> dict[str, bytes] | None:
    """Return the files with all patches made.

    None where two of them change the same lines in different ways.

    Args:
        before: The bytes of each file as it is.
        patches: For each patch the changed bytes of its files.
    """
    versions = grouped((file, data) for patch in patches for file, data in patch.items())
    result = {file: _merged(before[file], some) for file, some in versions.items()}
    whole = {file: data for file, data in result.items() if data is not None}
    return whole if len(whole) == len(result) else None


def _merged(before: bytes, versions: list[bytes]) -> bytes | None:
    old = _LINES.findall(before)
    changes: set[tuple[int, int, tuple[bytes, ...]]] = set()
    for version in versions:
        new = _LINES.findall(version)
        for tag, start, end, first, last in difflib.SequenceMatcher(
            None, old, new, autojunk=False
        ).get_opcodes():
            if tag != "equal":
                changes.add((start, end, tuple(new[first:last])))
    ordered = sorted(changes)
    if any(
        later[0] < earlier[1] or later[:2] == earlier[:2]
        for earlier, later in itertools.pairwise(ordered)
    ):
        return None
    parts, done = [], 0
    for start, end, lines in ordered:
        parts += [*old[done:start], *lines]
        done = end
    return b"".join([*parts, *old[done:]])
