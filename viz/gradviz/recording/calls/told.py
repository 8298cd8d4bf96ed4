"""Which of the values that may be behind a number it is, told by the number itself."""

from collections.abc import Container, Sequence
from types import FrameType
from typing import Any

from torch import Tensor

from gradviz.recording.calls.arguments import as_array
from gradviz.recording.calls.overwritten import left_in
from gradviz.recording.outside.reckoned import NumbersOut
from gradviz.recording.reading.starts import literals_at
from gradviz.recording.reading.where import outside_torch
from gradviz.recording.recorder import Recorder

_DIGITS = 4  # after the point, by which a text tells a number from others


def sources_behind(
    recorder: Recorder,
    items: list[Any],
    indices: Sequence[Any],
    frame: FrameType,
    gone: Container[int],
) -> tuple[tuple[int, ...], list[Any]]:
    """Return the values that left torch and that some arguments of a call are computed from, and
    those of the arguments that are no numbers of the source itself.

    Args:
        recorder: Of the thread.
        items: The arguments.
        indices: Those that are an index.
        frame: Where the call stands.
        gone: Values of which it is known that nothing is left.
    """
    behind, chooses = recorder.escapes.behind(frame, (*items, *indices))
    behind = tuple(number for number in behind if number not in gone)
    if behind and not indices:
        behind = left_in(recorder, behind, items, frame)
    if not behind:
        return (), items
    others = _without_literals(items, frame)
    if indices or (others and chooses):
        return behind, others
    return (_only_those(recorder, behind, others, frame) if others else ()), others


def reckoned_from(
    recorder: Recorder, number: Any, frame: FrameType, among: Container[int] | None = None
) -> tuple[int, ...]:
    """Return the values that left torch and that a number is reckoned from, with numbers of the
    source alone.
    """
    outer = outside_torch(frame)
    if not isinstance(number, float) or outer is None:
        return ()

    def place_of(serial: int) -> tuple[int, int]:
        spot = recorder.tape.calls[serial].spot
        return id(spot.code), spot.lasti

    left = NumbersOut(recorder.escapes.values.recent, place_of, among)
    return recorder.escapes.reckoner.sources(outer.f_code, outer.f_lasti, float(number), left)


def _without_literals(items: Sequence[Any], frame: FrameType) -> list[Any]:
    """Return what a call is given without the numbers that stand in it as they are."""
    left = list(literals_at(frame.f_code, frame.f_lasti))
    others: list[Any] = []
    for item in items:
        if type(item) in (int, float) and item in left:
            left.remove(item)
        else:
            others.append(item)
    return others


def _only_those(
    recorder: Recorder, behind: tuple[int, ...], items: Sequence[Any], frame: FrameType
) -> tuple[int, ...]:
    """Return of the values behind some numbers those that they are.

    Where every number that goes in is one that left, to the last digit, or reckoned from such,
    nothing else was added to it: what else the source would put behind it was reset, dropped or
    overwritten in between. That it had no part at all is not said.
    """
    values = recorder.escapes.values
    made_elsewhere = [item for item in items if isinstance(item, Tensor) and item.requires_grad]
    open_ = [item for item in items if not any(item is other for other in made_elsewhere)]
    plain = [as_array(item) if isinstance(item, Tensor) else item for item in open_]
    singles = {single for number in behind for single in _singles(recorder, number)}
    sources = [
        values.all_of(item)
        or reckoned_from(recorder, item, frame, singles)
        or _rounded_from(recorder, item, singles)
        for item in plain
    ]
    if not sources or not all(sources):
        return behind
    those = {serial for serials in sources for serial in serials}
    left: dict[int, None] = {}
    for number in behind:
        every = _singles(recorder, number)
        kept = [source for source in every if source in those or not values.is_known_again(source)]
        left.update(dict.fromkeys((number,) if len(kept) == len(every) else kept))
    if tuple(left) != behind:
        recorder.tape.came_in()
    return tuple(left)


def _rounded_from(recorder: Recorder, number: Any, among: Container[int]) -> tuple[int, ...]:
    """Return the one value of several that is a number as a text says it, to some digits."""
    text = repr(number) if type(number) is float else ""
    digits = len(text.partition(".")[2])
    if digits < _DIGITS or "e" in text:
        return ()
    recent = recorder.escapes.values.recent
    alike = {own for left, own in recent if own in among and round(left, digits) == number}
    return tuple(alike) if len(alike) == 1 else ()


def elements_in(recorder: Recorder, sources: tuple[int, ...], array: Any) -> tuple[int, ...]:
    """Return of several values that left in one array those that an array in its memory has."""
    several = {single for number in sources for single in _singles(recorder, number)}
    if len(several) <= len(sources):
        return sources
    those = recorder.escapes.values.all_of(array)
    return those if several.issuperset(those) and those else sources


def _singles(recorder: Recorder, number: int) -> list[int]:
    """Return what a number on the tape stands for: itself, or several."""
    call = recorder.tape.calls[number]
    several = call.inputs if call.name == "python" else ()
    return [source for source, _ in several] or [number]
