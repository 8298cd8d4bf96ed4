"""Where values left torch in the user's code, and by which expressions they come in again."""

from dataclasses import dataclass, field
from types import CodeType

from gradviz.recording.expressions import Path
from gradviz.recording.instructions import position_of
from gradviz.recording.outflows import goes_into
from gradviz.recording.parts import place_in
from gradviz.recording.ways import Expression, Slice

HELD = 20_000
"""Numbers that are held, some 2 MB."""


@dataclass(slots=True)
class Marks:
    """What left by one instruction, as seen from there or from a caller.

    Attributes:
        serials: Numbers on the tape, the one that left last at the end, and the ``self`` of the
            function that the site stands in.
        parts: Which elements of what the call gave; None for the whole.
        depth: How many calls below the site they left.
        many: Several may have left while the call at the site ran once.
        bundle: Number of what stands for all of them but ``new``.
        new: Numbers that have come since.
        numbers: Those in ``serials``.
    """

    serials: dict[tuple[int, int], None] = field(default_factory=dict)
    parts: set[int | None] = field(default_factory=set)
    depth: int = 0
    many: bool = False
    bundle: int = 0
    new: list[int] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)

    def add(self, serial: int, owner: int) -> None:
        """Take note that a value left."""
        if (serial, owner) in self.serials:
            del self.serials[serial, owner]
        elif serial not in self.numbers:
            self.new.append(serial)
            self.numbers.add(serial)
        self.serials[serial, owner] = None


@dataclass(slots=True)
class Site:
    """An instruction by which values left torch, or by which a function was called that took them
    out.

    Attributes:
        code, lasti: The instruction.
        marks: By the instruction within.
        changes: The call at it changed something that it was given.
        values: The numbers that left there; None where not all are known.
        direct: The instruction itself took them out.
    """

    code: CodeType
    lasti: int
    marks: dict[tuple[CodeType, int], Marks] = field(default_factory=dict)
    changes: bool = False
    values: set[float] | None = field(default_factory=set)
    direct: bool = True

    def touches(self, sliced: Slice) -> bool:
        """Say whether what left here may be in what a slice is of."""
        if self.ways_in(sliced):
            return True
        return self.changes and position_of(self.code, self.lasti) in sliced.calls

    def ways_in(self, sliced: Slice) -> list[Expression]:
        """Return the expressions of a slice that what left here comes in by."""
        position = position_of(self.code, self.lasti)
        ways: list[Expression] = []
        for expression in sliced.expressions:
            if not expression.covers(position):
                continue
            if not expression.taken or position != expression.range:
                ways.append(expression._replace(loose=expression.loose or expression.vague))
                continue
            loose = {_is_loose(*item, expression.taken) for item in self.marks.items()} - {None}
            if loose:
                ways.append(expression._replace(loose=expression.loose or False not in loose))
        return ways

    def took(self, numbers: set[float], directly: bool) -> None:
        """Take note of the numbers that left there; none where they are not known."""
        self.direct = self.direct and directly
        if self.values is not None:
            self.values |= numbers
            if not numbers or len(self.values) > HELD:
                self.values = None


def _is_loose(origin: tuple[CodeType, int], marks: Marks, taken: Path) -> bool | None:
    """Say whether it is a guess that what left is in a part of what a call gave; None where it is
    not in it.
    """
    if marks.depth == 1:
        return False if goes_into(*origin, taken) else None
    place = place_in(taken[0])
    if place is not None and place >= 0 and marks.parts.isdisjoint((None, place)):
        return None
    return place is None or len(taken) > 1
