"""Whether all that goes into a call is accounted for by the source of the functions that run."""

from collections.abc import Collection, Sequence
from types import CodeType, FrameType
from typing import Any

from gradviz.recording.closed import made_of
from gradviz.recording.escapes import CALLERS, Escapes, is_followed, outside_torch
from gradviz.recording.expressions import Path, Range
from gradviz.recording.instructions import position_of
from gradviz.recording.sites import Site
from gradviz.recording.starts import names_at


def is_accounted_for(
    escapes: Escapes, frame: FrameType, items: Sequence[Any], sources: Collection[int]
) -> bool:
    """Say whether the source tells all that a call's plain arguments are made of.

    Args:
        escapes: What left torch.
        frame: That makes the call.
        items: Arguments that nothing is known of.
        sources: Values that left torch and are taken to be in them.
    """
    unclear = {id(item) for item in items}
    wanted: tuple[Path, ...] | None = None
    callee: CodeType | None = None
    running: FrameType | None = frame
    for _ in range(CALLERS):
        running = outside_torch(running)
        if running is None or running.f_code.co_filename not in escapes.sites:
            return False  # to read a library's source takes long
        code, lasti = running.f_code, running.f_lasti
        paths = names_at(code, lasti, wanted, callee)
        names = frozenset(path for path in paths if path and is_followed(running, path, unclear))
        exits = _exits_in(escapes, code.co_filename)
        made = made_of(code, lasti, names, wanted, callee, frozenset(exits))
        if made is None or not all(_is_among(exits[place], sources) for place in made.exits):
            return False
        if not made.parameters:
            return True
        wanted, callee, running = made.parameters, code, running.f_back
    return False


def _exits_in(escapes: Escapes, filename: str) -> dict[Range, Site]:
    """Return where values left torch themselves in a file, not only in a function called there."""
    return {
        position: site
        for place, site in escapes.sites[filename].items()
        if place in site.marks and (position := position_of(*place)) is not None
    }


def _is_among(site: Site, sources: Collection[int]) -> bool:
    """Say whether what left at a site is among some values."""
    return any(
        marks.bundle in sources or not marks.numbers.isdisjoint(sources)
        for marks in site.marks.values()
    )
