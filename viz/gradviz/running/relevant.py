"""What of a report matters where a whole script was watched, and not one step of it.

A trace that began before the models were built knows that a target network was copied from the trained one. That copy is no route from
this loss to the trained one's parameters: the step never used it so. And the collector may still hold models that the script let go of.
"""

from collections.abc import Iterator
from dataclasses import replace

from gradviz.graph import CutKind, Parameter, Parameters, Verdict
from gradviz.reports import Report
from gradviz.running.names import Found

_COPIES = frozenset((CutKind.DEEPCOPY, CutKind.COPY_UNDER_NO_GRAD))


def relevant(report: Report, found: Found) -> Report:
    """Leave out copies of what is trained all the same, and models that nothing leads to and that have no part in the call."""
    cut = {name for name, one in report.parameters.items() if one.verdict is Verdict.CUT}
    kept = [each for each in report.cuts if each.kind not in _COPIES or cut.intersection(each.parameters)]
    position = {report.cuts.index(each): place for place, each in enumerate(kept)}
    edges = report.graph.edges
    if len(kept) < len(report.cuts):
        edges = tuple(edge if edge.cut is None else replace(edge, cut=position.get(edge.cut)) for edge in edges)
    return replace(
        report,
        parameters=Parameters(tuple(_without_copies(one) for one in _belonging(report, found))),
        cuts=tuple(kept),
        graph=replace(report.graph, edges=edges),
    )


def _without_copies(one: Parameter) -> Parameter:
    if one.verdict is Verdict.CUT:
        return one
    cuts = tuple(cut for cut in one.cuts if cut.kind not in _COPIES)
    return replace(one, cuts=cuts, partial=one.partial and bool(cuts))


def _belonging(report: Report, found: Found) -> Iterator[Parameter]:
    by_root: dict[str, list[Parameter]] = {}
    roots = iter(found.roots)
    root: str | None = None
    for one in report.parameters.values():  # in the order of the roots
        while root is None or not (one.name == root or not root or one.name.startswith(f"{root}.")):
            root = next(roots)
        by_root.setdefault(root, []).append(one)
    for name, own in by_root.items():
        if name in found.named or any(one.optimized or one.verdict not in (Verdict.UNUSED, Verdict.FROZEN) for one in own):
            yield from own
