"""The source of a line, where its file can be read."""

import linecache


def lines_of(file: str) -> list[str]:
    """Return the lines of a source file with their ends; none where there is no such file, or its name is none."""
    try:
        return linecache.getlines(file) if file else []
    except (OSError, ValueError):  # a name that no file can have: a surrogate or a NUL in it
        return []
