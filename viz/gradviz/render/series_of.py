"""The series of any report: the run's own, or else one made of the losses that were reported on."""

from gradviz.facts.findings import Findings
from gradviz.facts.several import is_of_calls
from gradviz.series.data import Series
from gradviz.series.recorder import SeriesRecorder, zeros_of


def series_of(report: Findings) -> Series | None:
    """Return the numbers of a report over its calls.

    None where no gradient of any parameter was measured.
    """
    if report.series is not None:
        return report.series
    calls = list(report.losses.values()) if is_of_calls(report) else [report]
    recorder = SeriesRecorder()
    for number, call in enumerate(calls, 1):
        recorder.take(number, call.parameters, zeros_of(call.graph))
    series = recorder.series()
    return (
        series
        if series is not None
        and any(norm is not None for line in series.parameters for norm in line.norms)
        else None
    )


def span_of(series: Series) -> str:
    """Return ``"call 3"``, or ``"calls 1 to 9"``."""
    first, last = series.calls[0], series.calls[-1]
    return f"call {first}" if len(series.calls) == 1 else f"calls {first} to {last}"
