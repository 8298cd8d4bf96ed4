"""Reports of a cut and of a freeze, built by hand."""

from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Parameter, Place, Verdict
from gradviz.reports import Report

CUT = Cut(
    kind=CutKind.DETACH,
    operation="detach()",
    file="net.py",
    line=12,
    code="h = h.detach()",
    parameters=("stem.weight", "stem.bias"),
)


def report(**verdicts):
    """A report of parameters by name, ``__`` for the dot."""
    parameters = [
        Parameter(
            name=name.replace("__", "."),
            shape=(2,),
            numel=2,
            verdict=Verdict(verdict),
            cuts=(CUT,) * (verdict == "cut"),
            partial=False,
        )
        for name, verdict in verdicts.items()
    ]
    return Report(
        parameters=Parameters(tuple(parameters)), cuts=(CUT,), place=Place("train.py", 40)
    )


TUNED = report(backbone__weight="frozen", backbone__bias="frozen", head__weight="reached")
