"""What an edit makes of a piece of source."""

from textwrap import dedent

from gradviz.mending.edit import FaultyLine
from gradviz.mending.source import SourceFile


def site(text: str, line: int, kind: str, **more) -> FaultyLine:
    """Return a line, from 1 on, of a file that severs."""
    return FaultyLine(SourceFile("step.py", dedent(text).encode()), line, kind, **more)


def edited(proposer, text: str, line: int = 1, kind: str = "detach", **more) -> list[str]:
    """Return what each edit that is proposed makes of a file."""
    place = site(text, line, kind, **more)
    return [
        place.source.with_changes(edit.changes).text
        for edit in (proposer(place) if place.statement is not None else ())
    ]
