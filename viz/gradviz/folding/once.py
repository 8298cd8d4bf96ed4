"""What follows from a graph, worked out once for the picture and the page of a report."""

import weakref
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gradviz.folding.flow import Flow
from gradviz.folding.modules import Modules
from gradviz.graph import Graph, Parameter


class _LastModules(NamedTuple):
    """The last modules that were worked out, as long as there is their graph."""

    graph: "weakref.ref[Graph]"
    parameters: Mapping[str, Parameter]
    marks: dict[str, str]
    modules: Modules


_kept: list[_LastModules] = []  # one at most


def modules_of(
    graph: Graph,
    parameters: Mapping[str, Parameter],
    marks: Mapping[str, str] = MappingProxyType({}),
) -> Modules:
    """Return the modules of a graph, with its flow; the same as before where nothing is new.

    Args:
        graph: As the analysis marked it.
        parameters: Every parameter of the model by name.
        marks: Of some parameters by name: what tells them apart from others.
    """
    for last in _kept[:1]:
        if last.graph() is graph and last.parameters is parameters and last.marks == marks:
            return last.modules
    modules = Modules(Flow(graph, parameters), parameters, (), marks)
    _kept[:] = [_LastModules(weakref.ref(graph, _forget), parameters, dict(marks), modules)]
    return modules


def _forget(graph: "weakref.ref[Graph]") -> None:
    _kept[:] = [last for last in _kept if last.graph is not graph]
