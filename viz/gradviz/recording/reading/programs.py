"""A program of the user's as its file has it, read for what nobody saw run."""

import ast
from collections.abc import Callable, Iterable

from gradviz.graph import Place
from gradviz.system.lines import getlines

Found = ast.stmt | ast.expr


def tree_of(text: str) -> ast.Module | None:
    """Return the syntax tree of a program; None of what is no Python."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def lines_with(
    find: Callable[[ast.Module], Iterable[Found]], file: str, words: Iterable[str] = ()
) -> tuple[Place, ...]:
    """Return the lines of a file at which something is found in its tree, in their order.

    Args:
        find: What looks for it.
        file: The file; one that cannot be read has no such lines.
        words: What is to be found has one of these in its text, in small letters.
    """
    lines = getlines(file)
    text = "".join(lines)
    lower = text.lower()
    if words and not any(word in lower for word in words):
        return ()
    tree = tree_of(text)
    numbers = sorted({node.lineno for node in find(tree)}) if tree else ()
    return tuple(Place(file, number, lines[number - 1].strip()) for number in numbers)
