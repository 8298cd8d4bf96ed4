"""What of a report matters where a whole script was watched, and not one step of it.

A trace that began before the models were built knows that a target network was copied from the
trained one. That copy is no route from this loss to the trained one's parameters: the step never
used it so. And the collector may still hold models that the script let go of. What ran in one
``with torch.no_grad()`` is one cut, at the line that says so, whichever lines of whichever models
ran in it.
"""

from collections.abc import Iterator
from dataclasses import replace

from gradviz.facts.blocks import taken_together
from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Edge, Graph, NodeKind, Parameter, Verdict
from gradviz.reports import Report
from gradviz.running.names import Found

_COPIES = frozenset((CutKind.DEEPCOPY, CutKind.COPY_UNDER_NO_GRAD))


def relevant(report: Report, scene: Found) -> Report:
    """Return a report without copies of what is trained all the same, and without models that
    nothing leads to and that have no part in the call.
    """
    used = _used_elsewhere(report.graph)
    copies = {
        cut for number, cut in enumerate(report.cuts) if cut.kind in _COPIES or number not in used
    }

    def lasting(parameter: Parameter) -> tuple[Cut, ...]:
        others = tuple(cut for cut in parameter.cuts if cut not in copies)
        return parameter.cuts if parameter.verdict is Verdict.CUT and not others else others

    cuts_of = {parameter.name: lasting(parameter) for parameter in _belonging(report, scene)}
    named = {cut for cuts in cuts_of.values() for cut in cuts}
    kept = [cut for cut in report.cuts if cut in named or cut not in copies]
    by_block = taken_together(kept)
    blocks = list(dict.fromkeys(by_block[cut] for cut in kept))
    position = {
        number: blocks.index(by_block[cut])
        for number, cut in enumerate(report.cuts)
        if cut in by_block
    }
    edges = tuple(
        edge if edge.cut is None else replace(edge, cut=position.get(edge.cut))
        for edge in report.graph.edges
    )

    parameters = [
        replace(parameter, cuts=cuts, partial=parameter.partial and bool(cuts))
        for parameter in report.parameters.values()
        if parameter.name in cuts_of
        for cuts in [tuple(dict.fromkeys(by_block[cut] for cut in cuts_of[parameter.name]))]
    ]
    return replace(
        report,
        parameters=Parameters(tuple(parameters)),
        cuts=tuple(blocks),
        graph=replace(report.graph, edges=edges),
    )


def _used_elsewhere(graph: Graph) -> set[int]:
    """Return the cuts whose values go into the loss by some way that does not lead through a
    parameter they were written into.
    """

    def is_of_step(edge: Edge) -> bool:
        source = graph.nodes[edge.source]
        return source.kind is not NodeKind.PARAMETER and not source.into

    used = graph.before([0], through=is_of_step)
    return {edge.cut for edge in graph.edges if edge.cut is not None and edge.target in used}


def _belonging(report: Report, scene: Found) -> Iterator[Parameter]:
    by_root: dict[str, list[Parameter]] = {}
    roots = iter(scene.roots)
    root: str | None = None
    for parameter in report.parameters.values():  # in the order of the roots
        while root is None or not (
            parameter.name == root or not root or parameter.name.startswith(f"{root}.")
        ):
            root = next(roots, "")
        by_root.setdefault(root, []).append(parameter)
    for name, own in by_root.items():
        if name in scene.named or any(
            parameter.optimized or parameter.verdict not in (Verdict.UNUSED, Verdict.FROZEN)
            for parameter in own
        ):
            yield from own
