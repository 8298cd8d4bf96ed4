"""How wide text is in a font of fixed width, in multiples of the font's size.

Engines know this for ASCII alone.
"""

import textwrap
import unicodedata
from collections.abc import Iterable

ADVANCE = 0.6  # of Courier, and of nearly every font of fixed width


def width(text: str) -> float:
    """Return the width of ``text``.

    Two columns for a wide East Asian character, none for a combining one.
    """
    return ADVANCE * columns(text)


def columns(text: str) -> int:
    """Return how many columns ``text`` takes."""
    return sum(map(_columns, text))


def stand_ins(lines: Iterable[str]) -> list[str]:
    """Return a line of ASCII letters of the same width, at least one, for each of ``lines``."""
    return ["x" * max(1, columns(line)) for line in lines]


def wrapped(text: str, most: int) -> list[str]:
    """Return ``text`` broken into lines of at most ``most`` columns, between words where that is
    possible, as even as can be.
    """
    lines = textwrap.wrap(text, most, break_on_hyphens=False) or [text]
    for narrower in range(most - 1, most // 2, -1):
        even = textwrap.wrap(text, narrower, break_on_hyphens=False)
        if len(even) > len(lines):
            break
        lines = even or lines
    return lines


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
