"""What takes gradient away between its arrival and the step."""

from collections.abc import Sequence

from gradviz.facts.evidence import Evidence, Look, Touch
from gradviz.graph import Place, Verdict

_NEXT_TO_NOTHING = 1e-6  # of a gradient: no bound that is meant takes away as much
ASSIGNED_ZEROS = (
    "Gradient arrives, and what is assigned to .grad in its place is all zero.",
    "Look at what is assigned: a difference, a mask or a factor that leaves nothing.",
)
"""What becomes of a gradient that is assigned zeros, and what mends it."""


def taken_by(evidence: Evidence, looks: Sequence[Look]) -> tuple[str, Place | None] | None:
    """Return why gradient that arrived was none at every step, and the line; None where nothing was
    seen to take it away.
    """
    touch = _last_touch(looks)
    place = evidence.cleared_at if touch is None else touch.place
    is_there = any(look.gradient is not None for look in looks)
    if evidence.returned_at is not None and not is_there:
        return "cleared", evidence.returned_at
    if touch is None and place is None and is_there:
        return None
    scales = touch is not None and touch.scales and is_there
    return "clipped" if scales else "cleared", place


def is_assigned_zeros(looks: Sequence[Look]) -> bool:
    """Say whether each step found zeros that were assigned to ``.grad``."""
    lines = [look.touch.operation for look in looks if look.gradient == 0 and look.touch]
    return bool(looks) and lines == ["grad"] * len(looks)


def taken_beside_decay(evidence: Evidence) -> tuple[str, Place | None] | None:
    """Return the same of a parameter that its optimizer moves without gradient, by weight decay or
    by what it remembers; None where no gradient arrived, or some was left.
    """
    arrived = any(
        call.verdict is Verdict.REACHED and call.gradient_norm for call in evidence.verdicts
    )
    if not arrived or not evidence.looks or any(look.gradient for look in evidence.looks):
        return None
    return taken_by(evidence, evidence.looks)


def shrunk_by(evidence: Evidence, looks: Sequence[Look]) -> tuple[str, Place | None] | None:
    """Return that arithmetic between arrival and step leaves next to nothing of a gradient, and the
    line; None where none does. A GradScaler takes back what it has multiplied by.
    """
    arrived = max((call.gradient_norm or 0.0 for call in evidence.verdicts), default=0.0)
    touch = _last_touch(looks)
    if touch is None or not touch.scales or touch.place is None or "scale" in touch.place.code:
        return None
    is_shrunk = all((look.gradient or 0.0) < _NEXT_TO_NOTHING * arrived for look in looks)
    return ("clipped", touch.place) if is_shrunk else None


def _last_touch(looks: Sequence[Look]) -> Touch | None:
    """Return what was last seen to change a gradient before its step."""
    return next((look.touch for look in reversed(looks) if look.touch is not None), None)
