"""A learning rate that has become next to nothing. Imports no torch."""

from dataclasses import dataclass

from gradviz.graph import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Faded:
    """A group of an optimizer whose learning rate is next to nothing. Read-only.

    Attributes:
        since: The first step looked at that found it so.
        largest: The largest rate before.
        rate: The last.
        held: Names of what the group holds.
        by: The class of the only scheduler; empty where there is none, or several.
        made: The line that made that.
    """

    since: int
    largest: float
    rate: float
    held: tuple[str, ...] = ()
    by: str = ""
    made: Place | None = None
