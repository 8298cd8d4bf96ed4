"""Reports to be compared, built by hand."""

from dataclasses import replace

from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Parameter, Verdict
from gradviz.render.json import call_in
from gradviz.reports import Report


def report(verdicts, *cuts, shapes=None):
    """A report of parameters by name."""
    parameters = [
        Parameter(name=name, shape=(shapes or {}).get(name, (2,)), numel=2, verdict=Verdict(v))
        for name, v in verdicts.items()
    ]
    return Report(parameters=Parameters(tuple(parameters)), cuts=cuts)


def cut(*parameters, line=3, code="h.detach()"):
    return Cut(
        kind=CutKind.DETACH,
        operation="detach()",
        file="net.py",
        line=line,
        code=code,
        parameters=parameters,
    )


def several(names=("task", "norm"), **verdicts):
    """A report on two losses, of one graph or of two calls."""
    losses = {
        name: replace(
            report(verdicts.get(name.split()[-1], {"a.w": "reached"})),
            loss=name,
            call=call_in(name),
        )
        for name in names
    }
    return replace(losses[names[-1]], losses=losses)
