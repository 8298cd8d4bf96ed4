"""Fair timing.

Ways of doing something take turns, on one thread, by processor time, so that a busy machine is no
matter.

A ratio is the median of the ratios of runs that stand side by side, not the ratio of two medians.
"""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Figures:
    """Seconds of processor time of every run, by way; the runs of one index stood side by side."""

    times: dict[str, list[float]]

    def median(self, way: str) -> float:
        """Return the median of one way, in seconds."""
        return statistics.median(self.times[way])

    def ratio(self, way: str, base: str) -> float:
        """Return how many times as long one way takes as another.

        The median over neighbouring runs.
        """
        return statistics.median(
            one / other for one, other in zip(self.times[way], self.times[base], strict=True)
        )


def measure(runs: int, **ways: Callable[[], object]) -> Figures:
    """Run each way in turn, once beforehand for warmth; the order turns round every time.

    Args:
        runs: How often each is run.
        ways: What to run, by name. One that returns a function has prepared something; only that
            function is timed.
    """
    torch.set_num_threads(1)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(runs + 1):
        for name, way in list(ways.items())[:: 1 if turn % 2 else -1]:
            gc.collect()
            start = time.process_time()
            kept = way()
            if callable(kept):
                gc.collect()
                start = time.process_time()
                kept = kept()
            elapsed = time.process_time() - start
            del kept
            if turn:
                times[name].append(elapsed)
    return Figures(times)
