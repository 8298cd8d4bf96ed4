"""gradviz shows where gradients go in PyTorch and why they stop.

    with gradviz.trace() as trace:
        loss = step()
        loss.backward()
    report = trace.report(loss, model)
    print(report)

The names below are loaded when they are first used, so that ``import gradviz`` imports neither
torch nor what draws.

It has no assert for pytest to rewrite, which would warn where gradviz is imported before it:
PYTEST_DONT_REWRITE
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradviz.errors import GradvizError
from gradviz.facts.parameters import Parameters
from gradviz.folding.boxes import View
from gradviz.graph import (
    Cut,
    CutKind,
    Edge,
    Graph,
    Leaf,
    Node,
    NodeKind,
    NotFinite,
    Parameter,
    Place,
    Verdict,
    Zero,
)
from gradviz.version import __version__

if TYPE_CHECKING:
    from gradviz.mending.mend import mend
    from gradviz.reports import Report
    from gradviz.tracing.assertions import (
        UnexpectedGradientsError,
        assert_gradients,
        assert_graph_shape,
        assert_trains,
    )
    from gradviz.tracing.make_dot import make_dot
    from gradviz.tracing.trace import Trace, report, trace

__all__ = [
    "Cut",
    "CutKind",
    "Edge",
    "GradvizError",
    "Graph",
    "Leaf",
    "Node",
    "NodeKind",
    "NotFinite",
    "Parameter",
    "Parameters",
    "Place",
    "Report",
    "Trace",
    "UnexpectedGradientsError",
    "Verdict",
    "View",
    "Zero",
    "__version__",
    "assert_gradients",
    "assert_graph_shape",
    "assert_trains",
    "make_dot",
    "mend",
    "report",
    "trace",
]

_LATER = {
    "Report": "gradviz.reports",
    "Trace": "gradviz.tracing.trace",
    "UnexpectedGradientsError": "gradviz.tracing.assertions",
    "assert_gradients": "gradviz.tracing.assertions",
    "assert_graph_shape": "gradviz.tracing.assertions",
    "assert_trains": "gradviz.tracing.assertions",
    "load_ipython_extension": "gradviz.magics",
    "make_dot": "gradviz.tracing.make_dot",
    "mend": "gradviz.mending.mend",
    "report": "gradviz.tracing.trace",
    "trace": "gradviz.tracing.trace",
}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    home = _LATER.get(name)
    if home is None:
        raise AttributeError(f"module 'gradviz' has no attribute {name!r}")
    return getattr(import_module(home), name)
