"""The series of any report: the run's own, or else one made of the losses that were reported on."""

from gradviz.facts.findings import Findings
from gradviz.facts.several import is_of_calls
from gradviz.graph import NodeKind
from gradviz.series.data import Series
from gradviz.series.recorder import SeriesRecorder


def series_of(report: Findings) -> Series | None:
    """Return the numbers of a report over its calls.

    None where no gradient of any parameter was measured.
    """
    if report.series is not None:
        return report.series
    calls = list(report.losses.values()) if is_of_calls(report) else [report]
    recorder = SeriesRecorder()
    for number, call in enumerate(calls, 1):
        zeros = {
            node.name: node.incoming[0].zeros
            for node in call.graph.nodes
            if node.kind is NodeKind.PARAMETER and node.incoming and node.incoming[0] is not None
        }
        recorder.take(number, call.parameters, zeros)
    series = recorder.series()
    return (
        series
        if series is not None
        and any(norm is not None for line in series.parameters for norm in line.norms)
        else None
    )
