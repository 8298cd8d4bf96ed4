"""Where a backward raised: in a line of the user's, or in a node of torch's."""

import traceback
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import partial

from gradviz.recording import torch_inside
from gradviz.recording.entries.records import Step, nexts_of
from gradviz.recording.reading import where
from gradviz.recording.reading.where import Spot
from gradviz.system.walk import walk


@dataclass(frozen=True, slots=True)
class Raised:
    """A backward that raised.

    Attributes:
        error: Type and text.
        node: The tape's number of the node that raised; None where it is not known.
        spot: The user's own line that raised, in a hook or a custom Function; None where torch
            itself did.
    """

    error: str
    node: int | None = None
    spot: Spot | None = None


def told_of(error: BaseException) -> str:
    """Return the type of an exception and the first line of its text."""
    first = str(error).splitlines()[0] if str(error) else ""
    return f"{type(error).__name__}: {first}".rstrip(": ")


def users_line(error: BaseException) -> Spot | None:
    """Return the user's own line that raised inside the engine: of a hook, or of a custom Function.

    None where torch raised.
    """
    inside, spot = False, None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == torch_inside.ENGINE:
            inside, spot = True, None
        elif inside and where.level(frame.f_code.co_filename) != where.INSIDE:
            spot = Spot(frame.f_code, frame.f_lasti)
    return spot


def last_taken(
    steps: Mapping[int, Step],
    roots: tuple[int, ...],
    order: Mapping[int, int],
    passed: Container[int],
) -> int | None:
    """Return the node that the engine took last.

    Of the nodes that everything had arrived at, it takes the one that was made last.

    Args:
        steps: The nodes on the tape.
        roots: Where backward began.
        order: Torch's number of each node that was watched.
        passed: The nodes that it had done with.
    """
    watched = steps.keys() & order.keys()
    way = walk(roots, lambda at: steps[at].nexts if at in watched and at in passed else ())
    ready = {number for number in way if number in watched and number not in passed}
    waits = {before for number in ready for before in _before(steps, number)}
    return max(ready - waits, key=order.__getitem__, default=None)


def _before(steps: Mapping[int, Step], number: int) -> set[int]:
    """Return everything before a node, without it."""
    return set(walk(nexts_of(steps, number), partial(nexts_of, steps)))
