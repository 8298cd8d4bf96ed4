"""What of a report is to be mended: cuts, gradients of zero, NaN, and what no optimizer holds.

Imports no torch.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from gradviz.causes.raised import changed_at, has_raised
from gradviz.facts.blocks import taken_together
from gradviz.facts.constant_terms import find_constant_terms
from gradviz.graph import Cut, NodeKind, Parameter, Place, Verdict
from gradviz.mending.own import is_own
from gradviz.render.sentences import leaf_name
from gradviz.reports import Report
from gradviz.system.grouped import grouped

_BEST = (Verdict.REACHED, Verdict.ZERO, Verdict.CUT, Verdict.UNUSED, Verdict.FROZEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that keeps parameters from their gradient. Read-only.

    Attributes:
        kind: Kind of the cut, or ``in_place``, ``zero``, ``not_finite``, ``unregistered``,
            ``not_held``, ``stale``, ``cleared``.
        operation: What does it, as the user wrote it.
        places: Lines of the user's where a change may help, the likeliest first.
        inner: Lines that ran in it, where it is a block.
        parameters: Names of those concerned.
        partial: Another route to all of them is alive.
        held: Some optimizer holds one of them, as far as optimizers are known.
        feeds: Names of the parameters of the layers that take the severed value in.
        alarmed: The report raises an alarm for it, or a term of the loss that depends on them is a
            constant because of it.
        constant: A term of the loss is.
    """

    kind: str
    operation: str
    places: tuple[Place, ...]
    inner: tuple[Place, ...] = ()
    parameters: tuple[str, ...] = ()
    partial: bool = False
    held: bool = True
    feeds: frozenset[str] = frozenset()
    alarmed: bool = False
    constant: bool = False


def parts(report: Report) -> Iterable[Report]:
    """Return the reports of each call of a run, or of each loss.

    The report itself where it is of one.
    """
    return report.losses.values() or (report,)


def best(report: Report) -> Mapping[str, Parameter]:
    """Return what became of each parameter in the call that did most for it; where it does not
    train since it is cut off, in one that is: what others return may be of an inner loop.
    """
    fates = () if report.training is None else report.training.parameters
    cut = {fate.name for fate in fates if fate.why == "cut"}
    parameters: dict[str, Parameter] = {}
    for part in parts(report):
        for name, parameter in part.parameters.items():
            if name in cut and parameter.verdict is Verdict.REACHED:
                continue
            if name not in parameters or _BEST.index(parameter.verdict) < _BEST.index(
                parameters[name].verdict
            ):
                parameters[name] = parameter
    return parameters


def problems(report: Report) -> list[Problem]:
    """Return what of a report may be mended in files of the user's.

    What makes a term of the loss a constant comes first: such a term was to move something, and
    another cut of the same parameters may be meant.
    """
    parameters = best(report)
    listed = [
        *_cuts(report, parameters),
        *_zeros(parameters),
        *_births(report),
        *_training(report),
        *_unregistered(report),
    ]
    merged: dict[tuple[str, tuple[Place, ...]], Problem] = {}
    for problem in listed:
        if problem.places and (problem.kind, problem.places) not in merged:
            merged[problem.kind, problem.places] = problem
    return sorted(merged.values(), key=lambda problem: not problem.constant)


def severed(parameter: Parameter) -> bool:
    """Say whether a route to a parameter is severed."""
    return parameter.verdict is Verdict.CUT or parameter.partial


def _cuts(report: Report, parameters: Mapping[str, Parameter]) -> Iterator[Problem]:
    alarms = () if report.training is None else report.training.alarms
    alarmed = {f"{alarm.file}:{alarm.line}" for alarm in alarms if alarm.why == "cut"}
    # With no optimizer yet, none leaves a parameter out
    any_is_held = any(parameter.optimized for parameter in parameters.values())
    for part in parts(report):
        terms = {
            str(term.place) for term in find_constant_terms(part.graph) if term.place is not None
        }
        whole = taken_together(
            dict.fromkeys(
                (
                    *part.cuts,
                    *(cut for parameter in part.parameters.values() for cut in parameter.cuts),
                )
            )
        )
        of_cut = grouped(
            (whole[cut], name)
            for name, parameter in part.parameters.items()
            for cut in parameter.cuts
            if severed(parameter) and severed(parameters[name])
        )
        for cut, names in of_cut.items():
            unique = tuple(dict.fromkeys(names))
            every = [
                str(place)
                for place in (
                    Place(cut.file, cut.line, cut.code),
                    *cut.within,
                    *_some(cut.caller, cut.block),
                )
            ]
            changed = _changed(part, cut)
            yield Problem(
                kind="in_place" if changed else str(cut.kind),
                operation=cut.operation,
                places=tuple(dict.fromkeys((*changed, *_places(cut)))),
                inner=cut.within,
                parameters=unique,
                partial=all(parameters[name].verdict is not Verdict.CUT for name in unique),
                held=not any_is_held
                or any(parameters[name].optimized is not False for name in unique),
                feeds=_fed_by(
                    part, [n for n, other in enumerate(part.cuts) if whole[other] == cut]
                ),
                alarmed=not (terms | alarmed).isdisjoint(every),
                constant=not terms.isdisjoint(every),
            )


def _fed_by(report: Report, numbers: Collection[int]) -> frozenset[str]:
    """Return the names of the parameters of the layers that take in what some cuts sever."""
    graph = report.graph
    starts = [edge for edge in graph.edges if edge.cut in numbers]
    below = graph.after(edge.target for edge in starts) - {0}  # everything meets in the loss
    names = set()
    for node in graph.nodes:
        ends = graph.out[node.index] if below and node.kind is NodeKind.PARAMETER else ()
        while len(ends) == 1 and len(graph.into[ends[0].target]) == 1:  # as its transpose
            ends = graph.out[ends[0].target]
        if any(edge.target in below and edge not in starts for edge in ends):
            names.add(node.name)
    return frozenset(names)


def _places(cut: Cut) -> tuple[Place, ...]:
    places = (
        Place(cut.file, cut.line, cut.code),
        *_some(cut.block, cut.caller),
        *cut.within,
        *cut.also,
    )
    return tuple(dict.fromkeys(place for place in places if is_own(place.file)))


def _changed(report: Report, cut: Cut) -> tuple[Place, ...]:
    """Return the user's line that changed in place what the backward needed, which then raised."""
    changed = changed_at(report.notes) if has_raised(cut) else None
    return tuple(place for place in _some(changed) if is_own(place.file))


def _some(*places: Place | None) -> tuple[Place, ...]:
    return tuple(place for place in places if place is not None)


def _zeros(parameters: Mapping[str, Parameter]) -> Iterator[Problem]:
    at: dict[tuple[str, Place, str], list[str]] = {}
    for name, parameter in parameters.items():
        zero = parameter.zero
        if parameter.verdict is not Verdict.ZERO:
            continue
        for cut in parameter.cuts:
            if str(cut.kind) == "hook" and is_own(cut.file):
                at.setdefault(
                    (cut.operation, Place(cut.file, cut.line, cut.code), "hook"), []
                ).append(name)
        if (
            zero is not None
            and zero.place is not None
            and not zero.passing
            and is_own(zero.place.file)
        ):
            at.setdefault((zero.operation, zero.place, "zero"), []).append(name)
    for (operation, place, kind), names in at.items():
        yield Problem(kind=kind, operation=operation, places=(place,), parameters=tuple(names))


def _births(report: Report) -> Iterator[Problem]:
    for part in parts(report):
        for birth in part.births:
            places = tuple(
                place
                for place in _some(birth.written, birth.place, birth.caller)
                if is_own(place.file)
            )
            yield Problem(
                kind="not_finite",
                operation=birth.operation,
                places=places,
                parameters=birth.parameters,
            )


def _training(report: Report) -> Iterator[Problem]:
    if report.training is None:
        return
    alarmed = {(alarm.why, alarm.file, alarm.line) for alarm in report.training.alarms}
    at: dict[tuple[str, str, Place], list[str]] = {}
    for fate in report.training.parameters:
        if (
            fate.trains is not True
            and fate.why in ("cleared", "stale", "not_held")
            and fate.file
            and fate.line
            and is_own(fate.file)
        ):
            what = "copy" if fate.copying else fate.why.replace("_", " ")
            place = Place(fate.file, fate.line, fate.code or "")
            at.setdefault((fate.why, what, place), []).append(fate.name)
    for (why, what, place), names in at.items():
        is_alarmed = (why, place.file, place.line) in alarmed
        yield Problem(
            kind=why,
            operation=what,
            places=(place,),
            parameters=tuple(names),
            alarmed=is_alarmed,
        )


def _unregistered(report: Report) -> Iterator[Problem]:
    for part in parts(report):
        copies = _copies(part)
        for leaf in part.unregistered:
            place = getattr(leaf, "place", None)
            if place is not None and is_own(place.file) and place not in copies:
                yield Problem(
                    kind="unregistered",
                    operation=leaf_name(leaf),
                    places=(place,),
                    parameters=(leaf.name,),
                )


def _copies(report: Report) -> set[Place | None]:
    """Return where leaves go in that were made of parameters: what made them so is a cut."""
    nodes = report.graph.nodes
    made = {
        node.index
        for node in nodes
        if node.kind is NodeKind.LEAF
        and any(
            nodes[index].kind is NodeKind.PARAMETER for index in report.graph.before([node.index])
        )
    }
    return {nodes[edge.target].place for index in made for edge in report.graph.out[index]}
