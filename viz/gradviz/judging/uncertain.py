"""Which parameters are called unused though it cannot be seen whether they are.

A parameter is unused for certain only where every value of it that left torch before its loss was
complete was seen to go nowhere, or could come back as data alone and no such data came in.
"""

from collections.abc import Iterable, Mapping

from gradviz.graph import Parameter, Place, Verdict
from gradviz.judging.build import Built
from gradviz.judging.model_names import Names, leaf_names
from gradviz.recording.entries.records import Exit
from gradviz.recording.reading.nowhere import goes_nowhere
from gradviz.recording.tape import Tape
from gradviz.system.walk import walk


def uncertain(
    tape: Tape, built: Built, parameters: Iterable[Parameter], names: Names, *, until: float
) -> dict[str, Place | str]:
    """Return by name where the values of unused parameters left torch without having been seen to
    go nowhere.

    Args:
        tape: What the trace saw.
        built: What went into the loss.
        parameters: With their verdicts.
        names: What they are called.
        until: The tape's number of the moment when the loss was complete: what left later is no
            part of it.

    Returns:
        The line by the name of the parameter; in place of a line what ran before the trace, and may
        have used any of them.
    """
    never = never_seen(parameters)
    if not never:
        return {}
    unused = {number: name for number, name in leaf_names(tape, names).items() if name in never}
    places: dict[str, Place | str] = {}
    met: set[int] = set()
    for number, way in tape.exits.items() if unused else ():
        call = tape.calls.get(number)
        if call is None or number in built.index_of or number > until:
            continue
        place = call.spot.calling_place or call.spot.place
        if place is not None and not _stays_away(tape, number, way):
            for name in _behind(tape, number, unused, met):
                places.setdefault(name, place)
    for number in tape.forks:
        spot = tape.calls[number].spot
        if number < tape.unexplained and (place := spot.calling_place or spot.place) is not None:
            for name in never:
                places.setdefault(name, place)
    return _unseen(tape, never, unused) | places


def _unseen(tape: Tape, never: set[str], unused: Mapping[int, str]) -> dict[str, Place | str]:
    """Return by name what ran unseen and may have used a parameter."""
    ran: dict[str, Place | str] = {}
    if tape.idle is not None:
        ran |= dict.fromkeys(never - tape.idle, "the script ran unwatched before")
    if tape.beside:
        ran |= dict.fromkeys(never, f"the thread {tape.beside} ran before the trace")
    for spot, leaves in tape.opaque.items():
        if leaves is None:
            ran |= dict.fromkeys(never, f"what the script called at {spot.place} runs is not seen")
        else:
            own = (unused[number] for number in leaves & unused.keys())
            ran |= dict.fromkeys(
                own, f"the script called at {spot.place} holds constants or writes into memory"
            )
    for spot, (name, leaves) in tape.opaque.copies.items():
        own = (unused[number] for number in leaves & unused.keys())
        ran |= dict.fromkeys(own, f"what {name} gave at {spot.place} has numbers of its own")
    return ran


def never_seen(parameters: Iterable[Parameter]) -> set[str]:
    """Return the names of the parameters that are called unused."""
    return {parameter.name for parameter in parameters if parameter.verdict is Verdict.UNUSED}


def _stays_away(tape: Tape, number: int, way: Exit) -> bool:
    """Say whether it was seen that what left does not come back."""
    if way is not Exit.NUMBER:
        return number >= (tape.unread if way is Exit.FILE else tape.unexplained)
    spot = tape.calls[number].spot
    return spot.code is not None and goes_nowhere(spot.code, spot.lasti)


def _behind(tape: Tape, number: int, unused: Mapping[int, str], met: set[int]) -> list[str]:
    behind = []
    for current in walk([number], lambda current: set(_made_of(tape, current)) - met):
        met.add(current)
        if current in unused:
            behind.append(unused[current])
    return behind


def _made_of(tape: Tape, number: int) -> tuple[int, ...]:
    """Return what a value was made of, with gradient or without."""
    step, leaf = tape.steps.get(number), tape.leaves.get(number)
    if step is not None:
        return (*step.nexts, *step.stamp.sources)
    if leaf is not None:
        return leaf.sources
    call = tape.calls.get(number)
    return () if call is None else tuple(before for before, _ in call.inputs)
