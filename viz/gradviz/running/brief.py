"""Keeps what is told of one call short.

What a reader can act on comes first, and what fills a screen is counted unless asked for.
"""

from collections.abc import Sequence
from pathlib import PurePath

from gradviz.graph import Cut
from gradviz.render.sentences import counted

MOST_LINES = 12  # told of a call, and of the step that follows it
LEAST_LINES = 6  # told of a step that has more to tell
MOST_CODE = 100  # characters of a source line
_PACKAGES = frozenset(("site-packages", "dist-packages"))


def is_of_a_library(cut: Cut) -> bool:
    """Say whether a cut lies in code that is not the reader's own."""
    return bool(_PACKAGES.intersection(PurePath(cut.file).parts))


def code(text: str) -> str:
    """Return a source line, shortened where it is very long."""
    return text if len(text) <= MOST_CODE else f"{text[: MOST_CODE - 3]}..."


def shortened(
    sections: Sequence[Sequence[str]], more: str, most: int = MOST_LINES - 1
) -> list[str]:
    """Return the lines of some sections, the last sections cut down to their first line until all
    of them fit.

    Args:
        sections: What matters most first.
        more: Begins the line that counts what was left out.
        most: Lines that fit; unless given, those below the first line of a call.
    """
    kept = [list(lines) for lines in sections if lines]
    left_out = 0
    for lines in reversed(kept):
        while sum(map(len, kept)) + bool(left_out) > most and len(lines) > 1:
            lines.pop()
            left_out += 1
    while sum(map(len, kept)) + bool(left_out) > most and len(kept) > 1:
        left_out += len(kept.pop())
    lines_kept = [line for lines in kept for line in lines]
    return (
        [*lines_kept, f"{more}{counted(left_out, 'more line')}; --verbose tells all"]
        if left_out
        else lines_kept
    )


def below(lines: Sequence[str], before: int, more: str, why: str) -> list[str]:
    """Return the lines of a step, cut down to the room that the call before it leaves.

    What explains is left out first, then what comes last.

    Args:
        lines: What is told of the step.
        before: Lines that were told of the call.
        more: Begins the line that counts what was left out.
        why: Begins a line that explains.
    """
    room = max(LEAST_LINES, MOST_LINES - before)
    if len(lines) <= room:
        return [*lines]
    kept = [line for line in lines if not line.startswith(why)][: room - 1]
    return [*kept, f"{more}{counted(len(lines) - len(kept), 'more line')}; --verbose tells all"]
