"""Unified diffs as ``git apply`` and ``patch -p1`` take them, in bytes, so that line ends and
encodings come out as they went in.
"""

import difflib
import re

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
