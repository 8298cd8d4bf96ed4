"""A ``with torch.no_grad()`` severs once, however many lines ran in it.

A report whose cuts are told by the line that switched grad off.

The data keeps a cut for each line that ran in a block, for whoever looks for that line. Whoever
reads wants the ``with``, the decorator or the call that switched grad mode off, so every text,
picture and page is made of the report that ``by_block`` returns.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePath

from gradviz.facts.findings import Findings
from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, Parameter, Place
from gradviz.system.grouped import grouped

_PACKAGES = frozenset(("site-packages", "dist-packages"))


def by_block(report: Findings) -> Findings:
    """Return the report with one cut for each block, at the line that begins it.

    The report itself where no cut ran in one.
    """
    if report.losses:
        report = replace(
            report, losses={name: by_block(part) for name, part in report.losses.items()}
        )
    parameters = report.parameters.values()
    every = dict.fromkeys(
        (*report.cuts, *(cut for parameter in parameters for cut in parameter.cuts))
    )
    whole = taken_together(every)
    if all(cut == other for cut, other in whole.items()):
        return report
    cuts = tuple(dict.fromkeys(whole[cut] for cut in report.cuts))
    position = {number: cuts.index(whole[cut]) for number, cut in enumerate(report.cuts)}
    edges = tuple(
        edge if edge.cut is None else replace(edge, cut=position[edge.cut])
        for edge in report.graph.edges
    )
    return replace(
        report,
        parameters=Parameters(tuple(_with_blocks(parameter, whole) for parameter in parameters)),
        cuts=cuts,
        graph=replace(report.graph, edges=edges),
    )


def cuts_by_block(cuts: Iterable[Cut]) -> tuple[Cut, ...]:
    """Return the cuts, those that ran in one block as one."""
    return tuple(dict.fromkeys(taken_together(cuts).values()))


def taken_together(cuts: Iterable[Cut]) -> dict[Cut, Cut]:
    """Return for each cut what stands for it.

    One cut for all that ran where the same line had switched grad mode off.
    """
    whole = {cut: cut for cut in cuts}
    together = grouped(((cut.kind, cut.block), cut) for cut in whole if cut.block is not None)
    for (_, block), some in together.items():
        whole.update(dict.fromkeys(some, _block(block, some)))
    return whole


def _block(block: Place, some: list[Cut]) -> Cut:
    first = some[0]
    ran = tuple(
        dict.fromkeys(
            place
            for cut in some
            for place in cut.within or (Place(cut.file, cut.line, cut.code),)
            if place.file
        )
    )
    within = tuple(place for place in ran if str(place) != str(block))
    if len(some) == 1 and not within and (first.file, first.line) == (block.file, block.line):
        return first
    inner = {str(place) for place in ran}
    return replace(
        first,
        file=block.file,
        line=block.line,
        code=block.code,
        scope=first.scope if len({cut.scope for cut in some}) == 1 else "",
        parameters=tuple(dict.fromkeys(name for cut in some for name in cut.parameters)),
        # The user's own lines of TorchScript are called from others of the user's
        caller=first.caller if _is_package(block.file) or not _is_package(first.file) else None,
        also=tuple(
            sorted({place for cut in some for place in cut.also if str(place) not in inner})
        ),
        inside_library=all(cut.inside_library for cut in some),
        leaves=all(cut.leaves for cut in some),
        again=first.again if all(cut.again for cut in some) else "",
        within=within,
    )


def _is_package(file: str) -> bool:
    return not _PACKAGES.isdisjoint(PurePath(file).parts)


def _with_blocks(parameter: Parameter, whole: Mapping[Cut, Cut]) -> Parameter:
    return (
        replace(parameter, cuts=tuple(dict.fromkeys(whole[cut] for cut in parameter.cuts)))
        if parameter.cuts
        else parameter
    )
