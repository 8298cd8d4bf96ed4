"""Backward calls made by hand, with a report of a few parameters each."""

from gradviz.facts.calls import CallKind
from gradviz.facts.parameters import Parameters
from gradviz.graph import Parameter, Place, Verdict
from gradviz.reports import Report
from gradviz.running.calls import BackwardCall


def call(number=1, *, line=7, optimized=None, kind="backward", notes=(), **verdicts):
    """Return a call at a line of train.py; the verdicts by the parameters' names."""
    parameters = tuple(
        Parameter(name=name, numel=4, verdict=Verdict(verdict), optimized=optimized)
        for name, verdict in verdicts.items()
    )
    place = Place("train.py", line, "loss.backward()")
    report = Report(loss="loss", parameters=Parameters(parameters), place=place, notes=notes)
    return BackwardCall(number=number, kind=CallKind(kind), report=report, place=place)
