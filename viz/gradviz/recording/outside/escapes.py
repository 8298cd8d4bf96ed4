"""What left torch as plain numbers and arrays, and whether it is what goes in again.

Numbers and arrays are the user's, exactly as torch gives them, so nothing can be attached to them.
They are known again by what they are: the same object, the same memory; by where the source says
that they come from; and by their value, where that is no coincidence.
"""

import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from types import CodeType, FrameType
from typing import Any

import numpy as np
from torch import Tensor, nn

from gradviz.recording.outside.alike import (
    NUMBERS,
    Given,
    attribute,
    few_in,
    held,
    held_by_each,
    held_or_owner,
    number_in_text,
    plain_numbers,
    rounded,
)
from gradviz.recording.outside.arrays_left import ArraysLeft
from gradviz.recording.outside.exits import may_go_nowhere_from
from gradviz.recording.outside.fingerprints import Fingerprints, is_short
from gradviz.recording.outside.numbers_left import NumbersLeft, Sources
from gradviz.recording.outside.reckoned import Reckoner
from gradviz.recording.outside.sites import (
    Marks,
    Site,
    frame_of_function,
    is_near,
    known_to_caller,
)
from gradviz.recording.reading.chosen import chosen_by
from gradviz.recording.reading.expressions import Path, Range
from gradviz.recording.reading.functions import applied
from gradviz.recording.reading.instructions import (
    COMPREHENSIONS,
    TextUse,
    is_repeated,
    is_repeated_within,
    position_of,
    text_use,
)
from gradviz.recording.reading.linked import files_with
from gradviz.recording.reading.outflows import (
    Inflow,
    Route,
    kept_in,
    outflow,
    route,
    written_through,
)
from gradviz.recording.reading.starts import backward_slice, element_slice, keeps, names_at
from gradviz.recording.reading.turns import Turn, turn_of
from gradviz.recording.reading.ways import Slice
from gradviz.recording.reading.where import INSIDE, level, outside_torch, variables
from gradviz.recording.torch_inside import CALL_MODULE

_CALLERS = 4  # how far up the arguments are followed


class Escapes:
    """What left torch in one trace.

    Attributes:
        any, sites: Something has; where, by file and instruction.
    """

    def __init__(self, bundle: Callable[[tuple[int, ...]], int]) -> None:
        """Take what makes one number on the tape of several values."""
        self.any = self.as_memory = False  # as_memory: to be made anew as tensors elsewhere
        self.bundle, self._thread = bundle, threading.get_ident()
        self.sites: dict[str, dict[tuple[CodeType, int], Site]] = {}
        self._numbers, self.arrays = NumbersLeft(), ArraysLeft()
        # Codes are kept with their identities
        self._known_names: dict[Any, tuple[CodeType, CodeType | None, tuple[Path, ...]]] = {}
        self._near: dict[Any, tuple[CodeType, int, Slice | None, list[Site]]] = {}
        self.values, self.reckoner = Fingerprints(), Reckoner()
        # By file and place: the number that chose the element that is computed with there
        self.chosen: dict[tuple[str, Range], int] = {}

    # What leaves

    def left(
        self,
        frame: FrameType | None,
        serial: int,
        value: Any,
        *,
        text: bool = False,
        elements: Sequence[tuple[float, int]] = (),
    ) -> None:
        """Take note that a value left torch in this frame, and in its callers as far as the value
        is handed to them.

        Args:
            frame: Where it left.
            serial: Number of the call on the tape.
            value: What left.
            text: It left as a text.
            elements: Its numbers, each with that of its own call, where they are several values.
        """
        self.any = True
        if not may_go_nowhere_from(frame):
            self._mark(frame, serial, value)
            self._choose(frame, serial)
        if isinstance(value, np.ndarray):
            outer = outside_torch(frame)
            self.arrays.left(value, serial, outer and (outer.f_code, outer.f_lasti))
        else:
            self._numbers.left(value, serial)
        use = _text_use(frame, text)
        for number, own in elements or ((value, serial),):
            self.values.left(number, own, use)
            if elements:
                self._numbers.left(number, own)
                self.arrays.element_left(number, own)

    def _choose(self, frame: FrameType | None, serial: int) -> None:
        frame = outside_torch(frame)
        if frame is not None:
            for place in chosen_by(frame.f_code, frame.f_lasti):
                self.chosen[frame.f_code.co_filename, place] = serial

    def choices(self, frame: FrameType | None) -> Iterator[int]:
        """Yield the values that left torch and chose what is computed with in a frame or around."""
        passed = 0
        while frame is not None and self.chosen and passed < _CALLERS:
            code = frame.f_code
            if level(code.co_filename) != INSIDE:
                passed += 1
                place = position_of(code, frame.f_lasti)
                serial = 0 if place is None else self.chosen.get((code.co_filename, place), 0)
                if serial:
                    yield serial
            frame = frame.f_back

    def _mark(self, frame: FrameType | None, serial: int, value: Any) -> None:
        parts: tuple[int | None, ...] = (None,)
        forward, changes, many, loose = True, False, False, False
        below: Route | None = None
        numbers, written, depth = set(plain_numbers(value)), set(number_in_text(value)), 0
        while frame is not None:
            code, lasti = frame.f_code, frame.f_lasti
            if code is CALL_MODULE and not forward:
                return  # what a hook returns is no result
            if level(code.co_filename) != INSIDE:
                way = below or route(code, lasti)
                site = self._site(code, lasti)
                site.took(numbers, way.origin == (code, lasti), written, serial)
                site.in_thread |= threading.get_ident() != self._thread
                marks = site.marks.setdefault(way, Marks())
                marks.add(serial, id(variables(frame, "self").get("self")))
                marks.parts.update(parts)
                marks.depth = max(marks.depth, depth)
                marks.loose = marks.loose and loose
                inflow = Inflow(way, depth, parts)
                below = route(code, lasti, below)
                depth += code.co_name not in COMPREHENSIONS
                marks.many = marks.many or many
                site.changes = site.changes or changes
                forward = code.co_name == "forward"
                flow = outflow(code, lasti, changes, inflow)
                parts, changes, many = flow.parts, flow.changes, many or is_repeated(code, lasti)
                loose = loose or flow.loose
                if not parts and not changes:
                    return
                whole = frame_of_function(frame)
                depth += whole is not frame
                frame = whole
            if applied(frame) is not None:
                return  # inside a custom Function nothing is severed
            frame = frame.f_back

    def _site(self, code: CodeType, lasti: int) -> Site:
        sites = self.sites.setdefault(code.co_filename, {})
        site = sites.get((code, lasti))
        if site is None:
            site = sites[code, lasti] = Site(code, lasti)
        return site

    # What goes in

    def same(self, value: Any) -> tuple[tuple[int, ...], bool]:
        """Return where a plain value came from, if it is the very object or memory that left torch,
        and whether all of it did.
        """
        if isinstance(value, np.ndarray):
            left = self.arrays.of_memory(value)
            return ((), False) if left is None else ((left.serial,), True)
        return self._numbers.sources(value)

    def behind(self, frame: FrameType | None, items: Sequence[Any] = ()) -> Sources:
        """Return the values that left torch and that a call's plain arguments are computed from,
        and whether some of them may only have chosen between others.

        Args:
            frame: That makes the call.
            items: Arguments that nothing is known of.
        """
        if not self.sites or not is_near(self.sites, frame):
            return (), False  # as almost always, and reading a library's source takes long
        open_, given = {id(item) for item in items}, Given.of(items)
        numbers_known = all(isinstance(item, Tensor) for item in items)
        surely, chooses = dict[int, None](), False
        wanted: tuple[Path, ...] | None = None
        callee: CodeType | None = None
        for _ in range(_CALLERS):
            if (frame := outside_torch(frame)) is None:
                break
            code, lasti = frame.f_code, frame.f_lasti
            followed = tuple(
                name
                for name in self._names_at(code, lasti, wanted, callee)
                if name and (wanted is not None or _is_followed(frame, name, open_, numbers_known))
            )
            count = len(surely)
            sliced = self._slice_at(frame, followed, wanted, callee, surely)
            if sliced is None:
                break
            if sliced[1]:
                given.read(frame, set(followed) - sliced[0].written, arrays=keeps(code, followed))
            for path in sliced[0].attributes:
                for value in held_by_each(frame, path):
                    surely.update(dict.fromkeys(self.same(value)[0]))
                surely |= dict.fromkeys(_computed_from(frame, path, self.sites.values()))
            given.sites = sliced[1]
            chooses = chooses or (sliced[0].chooses and bool(sliced[1] or len(surely) > count))
            for site in sliced[1]:
                judged = self._judged(site, sliced[0], frame, given)
                surely |= {serial: None for serial, certain in judged if certain}
            whole = frame_of_function(frame)
            outer = (*sliced[0].parameters, *known_to_caller(whole, sliced[0].attributes))
            wanted, callee = _unknown_in(frame, outer), code
            if not wanted:
                break
            frame = whole.f_back
        return tuple(surely), chooses

    def _names_at(
        self, code: CodeType, lasti: int, wanted: tuple[Path, ...] | None, callee: CodeType | None
    ) -> tuple[Path, ...]:
        key = (id(code), lasti, wanted, id(callee))
        held_there = self._known_names.get(key)
        if held_there is None:
            held_there = (code, callee, names_at(code, lasti, wanted, callee))
            self._known_names[key] = held_there
        return held_there[2]

    def of_element(self, frame: FrameType, item: Any, index: int) -> tuple[int, ...] | None:
        """Return the values that left torch and that an element of a call's first argument is
        computed from; None where that cannot be told.
        """
        outer = outside_torch(frame)
        sliced = None if outer is None else element_slice(outer.f_code, outer.f_lasti, index)
        if outer is None or sliced is None:
            return None
        given, serials = Given.of((item,)), dict[int, bool]()
        for site in _sites_near(self.sites, outer.f_code.co_filename):
            if site.touches(sliced):
                serials.update(self._judged(site, sliced, outer, given))
        return tuple(serials) if all(serials.values()) else None

    def _slice_at(
        self,
        frame: FrameType,
        names: tuple[Path, ...],
        wanted: tuple[Path, ...] | None,
        callee: CodeType | None,
        surely: dict[int, None],
    ) -> tuple[Slice, list[Site]] | None:
        """Return what a call is computed from but for names that hold just what left torch, whose
        numbers are added to what is sure.
        """
        start = (frame.f_code, frame.f_lasti, names, wanted, callee, turn_of(frame))
        sliced = self._slice(*start)
        paths = () if sliced is None else sliced[0].unchanged
        numbers = ((path, few_in(held_or_owner(frame, path))) for path in paths)
        objects = {path: _objects(self, items) for path, items in numbers if np.size(items)}
        settled = frozenset(path for path, (_, all_of_it) in objects.items() if all_of_it)
        for path in settled:
            surely.update(dict.fromkeys(objects[path][0]))
        return self._slice(*start, settled) if settled else sliced

    def _slice(
        self,
        code: CodeType,
        lasti: int,
        names: tuple[Path, ...],
        wanted: tuple[Path, ...] | None,
        callee: CodeType | None,
        turn: Turn = (),
        settled: frozenset[Path] = frozenset(),
    ) -> tuple[Slice, list[Site]] | None:
        """Return what a call's arguments are computed from, and the sites there by which values
        left.
        """
        key = (id(code), lasti, names, wanted, id(callee), settled, turn)
        sites = _sites_near(self.sites, code.co_filename)
        near_sites = self._near.get(key)
        if near_sites is None or near_sites[1] != len(sites):
            start = (code, lasti, frozenset(names), wanted, callee)
            sliced, near = _near(backward_slice(*start, settled=settled, turn=turn), sites)
            shifts = {} if sliced is None else sliced.shifts
            places = (site.place_in(shifts) for site in near if site.direct)
            exits = frozenset(place for place in places if place is not None)
            if exits:
                sliced, near = _near(backward_slice(*start, exits, settled, turn), sites)
            near_sites = self._near[key] = (code, len(sites), sliced, near)
        return None if near_sites[2] is None else (near_sites[2], near_sites[3])

    def written(self, code: CodeType, lasti: int, frame: FrameType) -> tuple[int, ...]:
        """Return the values that left torch and were written through memory that an instruction
        gave out, as far as they are there still where a frame is.
        """
        outer: FrameType | None = frame
        while outer is not None and outer.f_code is not code:
            outer = outer.f_back
        sliced = written_through(code, lasti, None if outer is None else outer.f_lasti)
        if sliced is None or code.co_filename not in self.sites:
            return ()
        sites = (site for site in _sites_near(self.sites, code.co_filename) if site.touches(sliced))
        others = (site for site in sites if (site.code, site.lasti) != (code, lasti))
        return tuple(dict.fromkeys(n for site in others for n in self._serials(site, sliced, None)))

    def left_as(self, number: float, serials: Container[int]) -> bool:
        """Say whether one of some values left torch as a number."""
        sites = (site for sites in self.sites.values() for site in sites.values())
        return any(site.by_number.get(rounded(number), 0) in serials for site in sites)

    def _judged(
        self, site: Site, sliced: Slice, frame: FrameType, given: Given
    ) -> Iterator[tuple[int, bool]]:
        """Yield what left at a site and may be what goes in, and whether it surely is."""
        sure = site.is_given(sliced, given)
        yield from ((serial, True) for serial in (() if sure else site.told_by(given)))
        if sure is not None:
            yield from ((serial, sure) for serial in self._serials(site, sliced, frame))

    def _serials(self, site: Site, sliced: Slice, frame: FrameType | None) -> Iterator[int]:
        ways = site.ways_in(sliced)
        last = (
            bool(ways)
            and all(way.last for way in ways)
            and not is_repeated_within(site.code, site.lasti)
        )
        objects = {way.object for way in ways}
        owners: set[int] = set()
        if frame is not None and () not in objects:
            owners = {id(held(frame, path)) for path in objects} - {id(None)}
        for marks in site.come_in(sliced):
            if owners:
                yield from (
                    serial
                    for serial, owner in marks.serials
                    if owner in owners or owner == id(None)
                )
            elif last and not marks.many:
                yield next(reversed(marks.serials))[0]
            else:
                yield marks.all_of_it(self.bundle)


def _sites_near(
    sites: Mapping[str, Mapping[tuple[CodeType, int], Site]], filename: str
) -> list[Site]:
    """Return the sites of a file, and of those that it is read with."""
    files = dict.fromkeys((filename, *files_with(filename)))
    return [site for file in files for site in sites.get(file, {}).values()]


def _objects(escapes: Escapes, items: Any) -> Sources:
    same = escapes.same(items)
    alike = () if same[1] else escapes.values.all_of(items)
    return (alike, True) if alike else same


def _computed_from(
    frame: FrameType, path: Path, all_sites: Iterable[Mapping[tuple[CodeType, int], Site]]
) -> Iterator[int]:
    """Yield the values that left torch and that an attribute is computed from, of each object that
    its path can mean.
    """
    place = next(at for at in reversed(range(len(path))) if not path[at].startswith("["))
    name = path[place]
    sites = [
        site
        for sites in all_sites
        for site in sites.values()
        if site.direct and name in kept_in(site.code, site.lasti)
    ]
    for owner in held_by_each(frame, path[:place]) if sites else ():
        value = attribute(owner, name)
        if value is not None and not is_short(value):
            for site in sites:
                yield from site.last_of(owner)


def _text_use(frame: FrameType | None, text: bool) -> TextUse:
    frame = outside_torch(frame)
    if frame is None:
        return TextUse.SHOWN if text else TextUse.NONE
    return text_use(frame.f_code, frame.f_lasti, text)


def _near(sliced: Slice | None, sites: Iterable[Site]) -> tuple[Slice | None, list[Site]]:
    """Return a slice with those of a file's sites whose values may be in it."""
    return sliced, [] if sliced is None else [site for site in sites if site.touches(sliced)]


def _unknown_in(frame: FrameType, paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return some paths without those that hold a module or a parameter: what that is is known."""
    settled = (nn.Module, nn.Parameter)
    return tuple(path for path in paths if not isinstance(held(frame, path), settled))


def _is_followed(frame: FrameType, path: Path, open_: Container[int], numbers_known: bool) -> bool:
    """Say whether a name in a call is worth following.

    The history of a tensor or module is known; that of numbers too where they are what left.
    """
    value = held(frame, path)
    if isinstance(value, Tensor):
        return id(value) in open_
    if numbers_known and isinstance(value, NUMBERS):
        return False
    root = held(frame, path[:1])
    return not isinstance(value, nn.Module) and not (len(path) > 1 and isinstance(root, Tensor))
