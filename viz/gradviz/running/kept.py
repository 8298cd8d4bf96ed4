"""The backward calls of a run that its saved report holds."""

from collections.abc import Sequence
from dataclasses import replace

from gradviz.facts.calls import CallKind, StepNote
from gradviz.facts.training import Training
from gradviz.graph import Verdict
from gradviz.reports import Report
from gradviz.running.calls import BackwardCall
from gradviz.series.data import Series

_MOST = 6  # calls of a run watched to its end whose graphs are kept
_LATEST = 2  # of them, the last ones


class KeptCalls:
    """The calls that were reported on, and the sentences on the steps after them.

    Attributes:
        calls: All of them; of a run watched to its end those that brought something new, and the
            last ones.
        leads: A sentence for each step.
        reported: How many calls there were.
    """

    def __init__(self) -> None:
        self.calls: list[BackwardCall] = []
        self.leads: list[StepNote] = []
        self.reported = 0
        self._facts: set[object] = set()
        self._news: set[int] = set()  # numbers of the calls that brought something new

    def take(self, call: BackwardCall) -> bool:
        """Keep a call. Return whether it brought anything new."""
        facts: set[object] = {
            (
                call.kind,
                str(call.place),
                parameter.name,
                parameter.verdict,
                parameter.partial,
                tuple((cut.file, cut.line) for cut in parameter.cuts),
            )
            for parameter in call.report.parameters.values()
        }
        is_new = not facts <= self._facts
        self._facts |= facts
        self.calls.append(call)
        self.reported += 1
        if is_new:
            self._news.add(call.number)
        return is_new

    def drop(self) -> int | None:
        """Let go of a call where there are too many, and return its position.

        Its numbers are in the series.
        """
        if len(self.calls) <= _MOST:
            return None
        middle = range(1, len(self.calls) - _LATEST)
        position = next(
            (position for position in middle if self.calls[position].number not in self._news), 1
        )
        self._news.discard(self.calls[position].number)
        del self.calls[position]
        del self.leads[_LATEST:-_LATEST]
        return position

    @property
    def may_step(self) -> bool:
        """Whether an optimizer holds something that the last call brought gradient to."""
        last = self.calls[-1].report.parameters.values() if self.calls else ()
        return any(
            parameter.optimized and parameter.verdict in (Verdict.REACHED, Verdict.ZERO)
            for parameter in last
        )

    def earlier(self, number: int) -> Sequence[BackwardCall]:
        """Return the backward calls before one."""
        backwards = (call for call in self.calls if call.kind is CallKind.BACKWARD)
        return [call for call in backwards if call.number < number]

    def report(self, training: Training | None, series: Series | None) -> Report:
        """Return everything as one report; the call that it leads with is the last."""
        if not self.calls:
            none = Report(notes=("No backward call was seen.",))
            return replace(none, training=training, series=series)
        reports = [replace(call.report, call=call.name, loss=str(call.name)) for call in self.calls]
        notes = tuple(self.leads) or ("No optimizer has stepped yet.",)
        last = replace(reports[-1], notes=(*notes, *reports[-1].notes))
        if len(reports) > 1:
            own, named = self.calls[-1].report.loss, {report.loss: report for report in reports}
            last = replace(last, loss=own, call=None, losses=named)
        return replace(last, training=training, series=series)
