"""Several patches of the same files as one."""

import difflib
import itertools
import re
from collections.abc import Iterable, Mapping

_LINES = re.compile(rb"[^\n]*\n|[^\n]+")


def merged(
    before: Mapping[str, bytes], patches: Iterable[Mapping[str, bytes]]
) -> dict[str, bytes] | None:
    """Return the files with all patches made.

    None where two of them change the same lines in different ways.

    Args:
        before: The bytes of each file as it is.
        patches: For each patch the changed bytes of its files.
    """
    versions: dict[str, list[bytes]] = {}
    for patch in patches:
        for file, data in patch.items():
            versions.setdefault(file, []).append(data)
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
