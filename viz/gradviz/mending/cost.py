"""What a patch costs: the step's time and the memory that autograd keeps for it, with and without.

Imports no torch.
"""

import statistics
from dataclasses import dataclass

from gradviz.mending.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Medians of several runs of the step that is not traced, each with its backward. Read-only.

    Attributes:
        before, after: Seconds.
        saved: Bytes that autograd keeps for the backward, before and after; None where that was not
            counted.
        whole: The times are those of a script up to the backward, each run once.
    """

    before: float
    after: float
    saved: tuple[int, int] | None = None
    whole: bool = False

    @property
    def sentence(self) -> str:
        """Both, in words."""
        times = f"{_seconds(self.before)} before, {_seconds(self.after)} after"
        if self.whole:
            return f"the script up to there, run once each: {times}"
        kept = (
            ""
            if self.saved is None
            else (
                f"; kept for the backward: {_bytes(self.saved[0])} before, {_bytes(self.saved[1])}"
                " after"
            )
        )
        return f"the step with its backward: {times}{kept}"


def cost_of(before: Outcome, after: Outcome, *, script: bool) -> Cost | None:
    """Return what a patch costs; None where a step could not be timed."""
    if script:
        return Cost(before=before.seconds, after=after.seconds, whole=True)
    if not before.times or not after.times:
        return None
    saved = None if before.saved is None or after.saved is None else (before.saved, after.saved)
    return Cost(
        before=statistics.median(before.times), after=statistics.median(after.times), saved=saved
    )


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _bytes(count: int) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024  # type: ignore[assignment]
    return f"{count:.4g} GiB"
