"""The table that tells what ways of running a step cost."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradviz.costing.measure import Cost, Times

TITLES = ("way", "forward", "backward", "nodes", "saved", "at most", ".grad", "Adam")
LEGEND = (
    "forward, backward: milliseconds of processor time on one thread, median (middle half). nodes:"
    " what backward runs through. saved: what autograd keeps at the end of the forward, parameters"
    " not counted; at most: at any moment of it. .grad, Adam: what gradients and the state of Adam"
    " take."
)

RATIO = "time ratio: forward and backward together, divided by those of the first way."


def rows(costs: Mapping[str, "Cost"]) -> list[tuple[str, ...]]:
    """Return a row for each way, the titles first."""
    return [TITLES, *(_row(name, cost) for name, cost in costs.items())]


def text(costs: Mapping[str, "Cost"], *, ratios: bool = False) -> str:
    """Return the table with its columns lined up; with ``ratios`` of time to the first way too."""
    table = rows(costs)
    if ratios:
        times = [cost.forward.median + cost.backward.median for cost in costs.values()]
        column = [f"{time / times[0]:.2f}" if times[0] else "" for time in times]
        table = [(*row, cell) for row, cell in zip(table, ["time ratio", *column], strict=True)]
    return lined_up(table)


def lined_up(table: Sequence[Sequence[str]]) -> str:
    """Return rows with columns as wide as they need to be.

    The first to the left, the others to the right.
    """
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join([first.strip().ljust(widths[0]), *others]).rstrip())
    return "".join(f"{line}\n" for line in lines)


def _row(name: str, cost: "Cost") -> tuple[str, ...]:
    sizes = (cost.saved, cost.peak, cost.gradients, cost.state)
    return (name, _time(cost.forward), _time(cost.backward), str(cost.nodes), *map(size, sizes))


def _time(times: "Times") -> str:
    median, low, high = (
        f"{1000 * seconds:.3g}" if seconds < 1 else f"{1000 * seconds:,.0f}"
        for seconds in (times.median, times.low, times.high)
    )
    return f"{median} ({low} to {high})"


def size(count: float) -> str:
    """Return a number of bytes as a person reads it: ``"1.5 KiB"``."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} GiB"
