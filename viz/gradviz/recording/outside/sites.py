"""Where values left torch in the user's code, and by which expressions they come in again."""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, FrameType

from gradviz.recording.outside.alike import Given
from gradviz.recording.outside.fingerprints import is_short
from gradviz.recording.reading.expressions import Path, Range
from gradviz.recording.reading.instructions import COMPREHENSIONS, position_of, scope_of
from gradviz.recording.reading.linked import files_with
from gradviz.recording.reading.outflows import Inflow, Route
from gradviz.recording.reading.texts import written_beside
from gradviz.recording.reading.ways import Expression, Slice
from gradviz.recording.reading.where import INSIDE, USER, level, outside_torch

_CALLERS = 4  # how far up files are looked at
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
        loose: It is a guess that they are in what the call gave.
        many: Several may have left while the call at the site ran once.
        bundle: Number of what stands for all of them but ``new``.
        new: Numbers that have come since.
        numbers: Those in ``serials``.
    """

    serials: dict[tuple[int, int], None] = field(default_factory=dict)
    parts: set[int | None] = field(default_factory=set)
    depth: int = 0
    loose: bool = True
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

    def all_of_it(self, bundle: Callable[[tuple[int, ...]], int]) -> int:
        """Return the number of what stands for all that left, with what makes one of several."""
        if self.new:
            together = ((self.bundle,) if self.bundle else ()) + tuple(self.new)
            self.bundle = together[0] if len(together) == 1 else bundle(together)
            self.new.clear()
        return self.bundle


@dataclass(slots=True)
class Site:
    """An instruction by which values left torch, or by which a function was called that took them
    out.

    Attributes:
        code, lasti: The instruction.
        marks: By the way from where they left.
        changes: The call at it changed something that it was given.
        values: The numbers that left there; None where not all are known.
        direct: The instruction itself took them out.
        by_number: What left last as each number, by its number on the tape.
        written: The numbers that left there as a text.
        in_thread: They left in a thread of its own, which no function of the step calls.
    """

    code: CodeType
    lasti: int
    marks: dict[Route, Marks] = field(default_factory=dict)
    changes: bool = False
    values: set[float] | None = field(default_factory=set)
    direct: bool = True
    by_number: dict[float, int] = field(default_factory=dict)
    written: set[float] = field(default_factory=set)
    in_thread: bool = False

    def touches(self, sliced: Slice) -> bool:
        """Say whether what left here may be in what a slice is of."""
        if self.ways_in(sliced):
            return True
        return self.changes and self.place_in(sliced.shifts) in sliced.calls

    def place_in(self, shifts: Mapping[str, int]) -> Range | None:
        """Return where it stands in files that are read as one, by how far each is moved."""
        position, shift = position_of(self.code, self.lasti), shifts.get(self.code.co_filename, 0)
        if position is None or not shift:
            return position
        return position[0] + shift, position[1], position[2] + shift, position[3]

    def ways_in(self, sliced: Slice) -> list[Expression]:
        """Return the expressions of a slice that what left here comes in by."""
        position = self.place_in(sliced.shifts)
        if not any(marks.parts for marks in self.marks.values()):
            return []  # it only changed what it was given
        unsure = all(marks.loose for marks in self.marks.values())
        ways = (item.way_of(position, self._parts) for item in self._expressions(sliced))
        return [way._replace(loose=way.loose or unsure) for way in ways if way is not None]

    def come_in(self, sliced: Slice) -> list[Marks]:
        """Return of what left here by several ways that which may be in what a slice is of: where
        ``pair()[0]`` goes in, nothing of ``pair()[1]``.
        """
        every, position = list(self.marks.values()), self.place_in(sliced.shifts)
        if len(every) < 2 or (self.changes and position in sliced.calls):
            return every
        expressions = self._expressions(sliced)
        come = [
            marks
            for route, marks in self.marks.items()
            if any(item.way_of(position, partial(_part, route, marks)) for item in expressions)
        ]
        return come or every

    def _expressions(self, sliced: Slice) -> tuple[Expression, ...]:
        return sliced.expressions + (sliced.quiet if self.in_thread else ())

    def last_of(self, owner: object) -> tuple[int, ...]:
        """Return what left here last in a method of an object; nothing where none did."""
        serials = [
            serial
            for marks in self.marks.values()
            for serial, by in marks.serials
            if by == id(owner)
        ]
        return (serials[-1],) if serials and owner is not None else ()

    def says(self, given: Given) -> bool:
        """Say whether a number of a call's is what left here, as a text says it that has no other
        like it.
        """
        beside = [written_beside(*way.origin) for way in self.marks]
        read = {number for number in given.numbers if self._may_say(number)}
        others = [numbers for numbers, _ in filter(None, beside)]
        if not read or len(others) < len(beside) or not read.isdisjoint(*others):
            return False
        return not any(several for _, several in filter(None, beside)) or any(
            not any(other._may_say(number) for other in given.sites if other is not self)
            for number in read
        )

    def _may_say(self, number: float) -> bool:
        return any(_says(number, left) for left in self.values or self.written)

    def _parts(self, taken: Path) -> Iterator[bool | None]:
        for route, marks in self.marks.items():
            yield from _part(route, marks, taken)

    def is_given(self, sliced: Slice, given: Given) -> bool | None:
        """Say whether what left here surely is what a call was given; None where it cannot be."""
        position = self.place_in(sliced.shifts)
        ways = self.ways_in(sliced)
        alike = given.agrees(self.values)
        comparable = given.whole and self.direct and self.values is not None
        read = {way for way in ways if comparable and position in way.read}
        exact = [way for way in ways if not way.loose and (alike or way not in read)]
        if exact or self.says(given) or not (ways or given.scalar):
            return True
        if not ways and self.told_by(given):
            return None  # this one, and no other
        return False if alike or len(read) < len(ways) or not ways else None

    def told_by(self, given: Given) -> list[int]:
        """Return what left here and is a number of a call's that no programmer would write."""
        numbers = [number for number in given.numbers if not is_short(number)]
        return [self.by_number[number] for number in numbers if number in self.by_number]

    def took(
        self,
        numbers: set[float],
        directly: bool,
        written: Collection[float] = (),
        serial: int = 0,
    ) -> None:
        """Take note of the numbers that left there, or that a text says; none where they are not
        known.
        """
        self.written.update(written)
        if self.values is not None:
            self.by_number.update(dict.fromkeys(numbers, serial))
        self.direct = self.direct and directly
        if self.values is not None:
            self.values |= numbers
            if not numbers or len(self.values) > HELD:
                self.values = None
                self.by_number.clear()


def _part(route: Route, marks: Marks, taken: Path) -> Iterator[bool | None]:
    guess = Inflow(route, marks.depth, tuple(marks.parts)).is_loose(taken)
    yield guess if guess is None else guess or marks.loose


def _says(number: float, left: float) -> bool:
    """Say whether a number is another, or that to two or more digits after the point."""
    digits = len(repr(number).partition(".")[2])
    return number == left or (digits >= 2 and round(left, digits) == number)


def is_near(sites: Container[str], frame: FrameType | None) -> bool:
    """Say whether anything left torch in the files that ``behind`` would read."""
    passed = 0
    while frame is not None and passed < _CALLERS:
        filename = frame.f_code.co_filename
        if level(filename) != INSIDE:
            if filename in sites or any(file in sites for file in files_with(filename)):
                return True
            passed += 1
        frame = frame.f_back
    return False


def known_to_caller(frame: FrameType, attributes: Iterable[Path]) -> tuple[Path, ...]:
    """Return what a method reads of its own object where the file of its caller, which is not read
    with its own, may say more of that object.
    """
    filename, caller = frame.f_code.co_filename, outside_torch(frame.f_back)
    other = filename if caller is None else caller.f_code.co_filename
    if other in (filename, *files_with(filename)) or level(other) != USER:
        return ()
    scoped = scope_of(frame.f_code)
    own = "" if scoped is None else scoped[1].own
    return tuple(path for path in attributes if own and path[0] == own)


def frame_of_function(frame: FrameType) -> FrameType:
    """Return the frame of the function that a comprehension stands in; of any other frame, it."""
    if frame.f_code.co_name not in COMPREHENSIONS:
        return frame
    own = scope_of(frame.f_code)
    outer = frame.f_back
    for _ in range(_CALLERS if own is not None else 0):
        outer = outside_torch(outer)
        if outer is None:
            break
        scoped = scope_of(outer.f_code)
        if scoped is not None and own is not None and scoped[1] is own[1]:
            if outer.f_code.co_name not in COMPREHENSIONS:
                return outer
        outer = outer.f_back
    return frame
