"""The command that a page was made by, as its corner shows it."""

import os
import re
import shlex
import sys
from collections.abc import Sequence

_OWN = ("gradviz", "gradviz.exe")
# What is secret stays out of a file that people hand on
_SECRET = re.compile(r"^--?[\w-]*(key|token|password|secret)[\w-]*(=|$)", re.IGNORECASE)


def command_line(words: Sequence[str] | None = None) -> str:
    """Return the command as a person types it; empty where there was none, as in a notebook.

    Args:
        words: The interpreter and what it was given; unless given, those of this process.
    """
    interpreter, *rest = sys.orig_argv if words is None else words
    own = next((number for number, word in enumerate(rest) if _is_own(rest, number, word)), None)
    if own is not None:
        return shlex.join(["gradviz", *_without_secrets(rest[own + 1 :])])
    if not rest or "-c" in rest or "ipykernel_launcher" in rest:
        return ""
    return shlex.join([os.path.basename(interpreter), *_without_secrets(rest)])


def _is_own(rest: Sequence[str], number: int, word: str) -> bool:
    is_module = number > 0 and rest[number - 1] == "-m"
    return word == "gradviz" if is_module else number == 0 and os.path.basename(word) in _OWN


def _without_secrets(words: Sequence[str]) -> list[str]:
    shown: list[str] = []
    is_value = False
    for word in words:
        secret = _SECRET.match(word)
        shown.append("..." if is_value else f"{secret[0]}..." if secret and secret[2] else word)
        is_value = secret is not None and not secret[2]
    return shown
