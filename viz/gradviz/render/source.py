"""The source around a line, where its file can be read and still says so."""

import textwrap

from gradviz.render.sentences import printable
from gradviz.system.lines import getlines

_NEAR = 2  # lines before and after


def lines_near(file: str, line: int, code: str) -> tuple[int, tuple[str, ...]]:
    """Return a line with those near it, fit to be shown, and the number of the first of them.

    Blank lines at both ends are left out, and what all are indented by. Of a file that cannot be
    read, or that says something else there by now, nothing: ``(0, ())``.
    """
    lines = _lines_of(file)
    if (
        not 0 < line <= len(lines)
        or not code
        or not lines[line - 1].strip().startswith(code.splitlines()[0].strip())
    ):
        return 0, ()
    first, last = max(line - _NEAR, 1), min(line + _NEAR, len(lines))
    while first < line and not lines[first - 1].strip():
        first += 1
    while last > line and not lines[last - 1].strip():
        last -= 1
    near = [line.rstrip().expandtabs(4) for line in lines[first - 1 : last]]
    return first, tuple(printable(line) for line in textwrap.dedent("\n".join(near)).split("\n"))


def _lines_of(file: str) -> list[str]:
    try:
        return getlines(file) if file else []
    except (OSError, ValueError):  # a name that no file can have: a surrogate or a NUL in it
        return []
