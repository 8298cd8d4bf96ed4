"""What the page has to know of a run over time: a row of numbers for each block."""

import math
from typing import Any

from gradviz.facts.findings import Findings
from gradviz.render.sentences import printable
from gradviz.render.series_scale import Scale, spread, values
from gradviz.series.blocks import blocks
from gradviz.series.rounds import by_rounds

_MOST = 120  # blocks that are shown
_DIGITS = 3


def series_data(report: Findings) -> dict[str, Any] | None:
    """Return the series of a report, ready for JSON.

    None where no run was watched over time, or nothing was measured.
    """
    series = report.series
    if series is None:
        return None
    series = by_rounds(series)
    lines = blocks(series)
    lines = tuple(lines[place] for place in spread(range(len(lines)), _MOST))
    scales = {column: Scale.over(values(lines, column)) for column in ("norms", "ratios")}
    if scales["norms"] is None:
        return None
    return {
        "calls": series.calls,
        "losses": [_number(loss) for loss in series.losses],
        "scales": {
            column: None if scale is None else (scale.low, scale.high)
            for column, scale in scales.items()
        },
        "blocks": [
            {
                "name": printable(line.name),
                "norms": [_number(norm) for norm in line.norms],
                "ratios": [_number(ratio) for ratio in line.ratios],
                "zeros": [_number(share) for share in line.zeros],
            }
            for line in lines
        ],
    }


def _number(number: float | None) -> float | str | None:
    """Return a number in few digits; what JSON does not know as a word."""
    if number is None:
        return None
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "infinite"
    return float(f"{number:.{_DIGITS}g}") if number else 0
