"""The numbers of a report as a table.

A row for each parameter and call, in pandas or polars, whichever is there.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from gradviz.errors import OutputError
from gradviz.facts.findings import Findings
from gradviz.render.series_of import series_of
from gradviz.series.blocks import block_names
from gradviz.series.data import Line, Series

_LIBRARIES = ("pandas", "polars")


def render_frame(report: Findings) -> Any:
    """Return a DataFrame of pandas, or of polars where only that is installed.

    Raises:
        OutputError: Neither is installed.
    """
    library = next((name for name in _LIBRARIES if find_spec(name) is not None), None)
    if library is None:
        raise OutputError(
            "a frame needs pandas or polars, and neither is installed: pip install pandas"
        )
    return import_module(library).DataFrame(columns(report))


def columns(report: Findings) -> dict[str, list[Any]]:
    """Return the columns of the table by name."""
    series = series_of(report) or Series()
    chosen = block_names(line.name for line in series.parameters)
    table: dict[str, list[Any]] = {
        name: [] for name in ("call", "parameter", "block", "numel", "verdict", "why", *_NUMBERS)
    }
    for place, call in enumerate(series.calls):
        for line in series.parameters:
            turn = line.verdict_at(call)
            table["call"].append(call)
            table["parameter"].append(line.name)
            table["block"].append(chosen[line.name])
            table["numel"].append(line.numel)
            table["verdict"].append(None if turn is None else turn.verdict)
            table["why"].append("" if turn is None else turn.why)
            for name, field in _NUMBERS.items():
                table[name].append(_number(line, field, place))
    return table


_NUMBERS = {
    "gradient_norm": "norms",
    "update_ratio": "ratios",
    "weight_norm": "weights",
    "zeros": "zeros",
}


def _number(line: Line, field: str, place: int) -> float | None:
    number: float | None = getattr(line, field)[place]
    return number
