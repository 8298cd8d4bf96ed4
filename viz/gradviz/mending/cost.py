"""What a patch costs: the step's time and the memory that autograd keeps for it, with and without.

Imports no torch.
"""

import statistics
from dataclasses import dataclass

from gradviz.costing.table import size
from gradviz.mending.outcome import TrialOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchCost:
    """What several runs of the step that is not traced took, each with its backward. Read-only.

    Attributes:
        times: Median seconds before and after; None where they differ by less than the runs do
            among themselves.
        saved: Bytes that autograd keeps for the backward, before and after; None where that was not
            counted.
    """

    times: tuple[float, float] | None = None
    saved: tuple[int, int] | None = None

    @property
    def sentence(self) -> str:
        """Both, in words."""
        if self.times is None:
            words = "the time differs by less than the spread of the runs"
        else:
            before, after = map(_seconds, self.times)
            words = f"the step with its backward: {before} before, {after} after"
        if self.saved is None:
            return words
        before, after = map(size, self.saved)
        return f"{words}; memory kept for the backward: {before} before, {after} after"


def cost_of(before: TrialOutcome, after: TrialOutcome, *, script: bool) -> PatchCost | None:
    """Return what a patch costs; None where that could not be measured: a script is run once."""
    if script or not before.times or not after.times:
        return None
    medians = statistics.median(before.times), statistics.median(after.times)
    spread = max(max(times) - min(times) for times in (before.times, after.times))
    return PatchCost(
        times=medians if abs(medians[1] - medians[0]) > spread else None,
        saved=None if before.saved is None or after.saved is None else (before.saved, after.saved),
    )


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
