"""Which parameters are called unused though it cannot be seen whether they are.

Their value left torch, and something unknown came in.
"""

from collections.abc import Iterable, Mapping

from gradviz.graph import Parameter, Place, Verdict
from gradviz.recording.build import Built
from gradviz.recording.model_names import Names, leaf_names
from gradviz.recording.tape import Tape


def uncertain(
    tape: Tape, built: Built, parameters: Iterable[Parameter], names: Names
) -> dict[str, Place | str]:
    """Return by name where the values of unused parameters left torch without being known to stay
    away.

    A name in place of a line is that of a thread that ran before the trace, and may have used any
    of them.
    """
    never = {parameter.name for parameter in parameters if parameter.verdict is Verdict.UNUSED}
    if not never:
        return {}
    unused = {number: name for number, name in leaf_names(tape, names).items() if name in never}
    places: dict[str, Place | str] = {}
    met: set[int] = set()
    for number, way in tape.exits.items() if unused else ():
        call = tape.calls.get(number)
        # A text is made to be read. What chooses nothing that runs can come back only where
        # something unknown did.
        if (
            call is None
            or number in built.index_of
            or way.shown
            or not (way.decides or number < tape.unexplained)
        ):
            continue
        place = call.spot.calling_place or call.spot.place
        if place is not None:
            for name in _behind(tape, number, unused, met):
                places.setdefault(name, place)
    for number in tape.forks:
        spot = tape.calls[number].spot
        if number < tape.unexplained and (place := spot.calling_place or spot.place) is not None:
            for name in never:
                places.setdefault(name, place)
    for name in never if tape.beside else ():
        places.setdefault(name, tape.beside)
    return places


def _behind(tape: Tape, number: int, unused: Mapping[int, str], met: set[int]) -> list[str]:
    behind: list[str] = []
    stack = [number]
    while stack:
        current = stack.pop()
        if current in met:
            continue
        met.add(current)
        if current in unused:
            behind.append(unused[current])
        step, call = tape.steps.get(current), tape.calls.get(current)
        stack += (
            step.nexts
            if step is not None
            else [before for before, _ in call.inputs]
            if call is not None
            else []
        )
    return behind
