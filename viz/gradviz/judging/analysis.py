"""From a graph and what arrived to the verdict of every parameter and the cuts.

Pure, without torch.

Everything follows from the edges. A parameter is reached if gradient passes to it, cut if its value
went into the loss and gradient does not pass, unused if its value did not go in. A cut is where a
value that requires grad goes in and gradient does not come out.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from operator import attrgetter

from gradviz.causes import LEAVING
from gradviz.facts.constant_terms import find_constant_terms
from gradviz.graph import (
    GRAD_MODES,
    Cut,
    CutKind,
    Edge,
    Graph,
    Node,
    NodeKind,
    Parameter,
    Place,
    Verdict,
    Zero,
)
from gradviz.judging.anew import leaves, made_anew
from gradviz.system.grouped import grouped, shared_start
from gradviz.system.quickly import changed, quickly

_NO_GRAD = frozenset((*GRAD_MODES, CutKind.COPY_UNDER_NO_GRAD))
_parameter = quickly(Parameter)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSeen:
    """A parameter as the model and a backward show it. Read-only.

    Attributes:
        name, names, shape, numel, optimized: As in :class:`Parameter`.
        requires_grad: At the time of the report.
        node: Its node in the graph; None where its value did not go in.
        nonzero: What arrived is not all zero; None where that is not known.
        arrived: Some gradient arrived, or it was not measured.
        norm: L2 norm of what arrived.
        rounding: As in :class:`Parameter`.
        zero: Where the zero begins, if it is known.
        switched_at: The line that froze it, or thawed it again, if it was seen.
        switched_from: The line that called the function in which that line stands.
        froze_at: The line that froze it last, also where it was thawed since; else the one that
            thawed it.
        replaced_at: As in :class:`Parameter`.
        lodgers: The nodes of the parameters that lie in its memory, where an optimizer holds it and
            not them: the gradient of these is for it.
    """

    name: str
    names: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    numel: int = 0
    requires_grad: bool = True
    node: int | None = None
    nonzero: bool | None = None
    arrived: bool = True
    norm: float | None = None
    rounding: bool = False
    optimized: bool | None = None
    zero: Zero | None = None
    switched_at: Place | None = None
    switched_from: Place | None = None
    froze_at: Place | None = None
    replaced_at: Place | None = None
    lodgers: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the analysis found. Read-only."""

    parameters: tuple[Parameter, ...]
    cuts: tuple[Cut, ...]
    graph: Graph


@dataclass(frozen=True, slots=True)
class _Step:
    """The graph of a step and what is known of the parameters in it.

    Attributes:
        graph: With the edges severed that lead to what was thawed too late.
        verdicts: By name.
        names: By node: several where one flat parameter stands for them.
        froze: By node, the line that froze it.
        order: Position of each name.
        calm: Names of those whose routes nobody misses: frozen, or trained by what comes to the
            parameters in their memory.
    """

    graph: Graph
    verdicts: Mapping[str, Verdict]
    names: Mapping[int, Sequence[str]]
    froze: Mapping[int, Place | None]
    order: Mapping[str, int]
    calm: Set[str]


@dataclass(frozen=True, slots=True)
class _Severance:
    """A cut, the edges that it severs, and the names of the parameters behind them."""

    cut: Cut
    edges: Sequence[Edge]
    names: Set[str]


def analyse(graph: Graph, observed: Sequence[ParameterSeen]) -> Judgement:
    """Return the verdict of every parameter, the cuts, and the graph with both in it."""
    graph = _with_thawed(graph, observed)
    passed = graph.before([0], through=attrgetter("gradient"))
    severing = any(edge.severed is not None for edge in graph.edges)
    alive = graph.before([0], through=_is_alive) if severing else passed
    step = _step(graph, observed, passed)
    severances = _severances(step)
    marked = _marked(step, passed, _numbered(severances))
    if len(severances) > 1 and (constant := _lines_of_constants(marked)):
        severances.sort(key=lambda severance: constant.isdisjoint(_lines_of(severance.cut)))
        marked = _marked(step, passed, _numbered(severances))
    cuts_of = grouped((name, severance.cut) for severance in severances for name in severance.names)
    judged = tuple(
        _judge(parameter, step.verdicts[parameter.name], cuts_of.get(parameter.name, []), alive)
        for parameter in observed
    )
    cuts = tuple(severance.cut for severance in severances)
    return Judgement(judged, cuts, marked)


def _lines_of_constants(graph: Graph) -> set[str]:
    """Return the lines that make a term of the loss a constant: such a term was to move something,
    while another cut of the same parameters may be meant.
    """
    return {str(term.place) for term in find_constant_terms(graph) if term.place is not None}


def _lines_of(cut: Cut) -> Iterable[str]:
    """Return the lines at which a cut can be told."""
    own = Place(cut.file, cut.line, cut.code)
    return (str(place) for place in (own, cut.caller, cut.block) if place is not None)


def _numbered(severances: Sequence[_Severance]) -> dict[tuple[int, int], int]:
    """Return the number of the cut of each severed edge."""
    return {
        (edge.source, edge.target): number
        for number, severance in enumerate(severances)
        for edge in severance.edges
    }


def _step(graph: Graph, observed: Sequence[ParameterSeen], passed: set[int]) -> _Step:
    names = grouped(
        (parameter.node, parameter.name) for parameter in observed if parameter.node is not None
    )
    verdicts = {parameter.name: _verdict(parameter, passed) for parameter in observed}
    return _Step(
        graph,
        verdicts=verdicts,
        names=names,
        froze={
            parameter.node: parameter.froze_at
            for parameter in observed
            if parameter.node is not None
        },
        order={parameter.name: position for position, parameter in enumerate(observed)},
        calm={
            parameter.name
            for parameter in observed
            if verdicts[parameter.name] is Verdict.FROZEN
            or (verdicts[parameter.name] is Verdict.REACHED and parameter.node not in passed)
        },
    )


def _severances(step: _Step) -> list[_Severance]:
    """Return the cuts, those first that sever all of a parameter's routes."""
    severances = [
        severance
        for edges in _severed_together(step)
        if (severance := _severance(step, edges)) is not None
    ]

    def rank(severance: _Severance) -> tuple[bool, int]:
        severs_all = any(step.verdicts[name] is Verdict.CUT for name in severance.names)
        return not severs_all, min(edge.target for edge in severance.edges)

    return sorted(severances, key=rank)


def _severed_together(step: _Step) -> Iterable[list[Edge]]:
    """Return the severed edges, those of one cut together."""
    groups: dict[tuple[object, ...], list[Edge]] = {}
    for edge in step.graph.edges:
        if edge.severed is None:
            continue
        target = step.graph.nodes[edge.target]
        place = target.place or Place("", 0)
        if edge.severed in GRAD_MODES and target.caller is not None:
            # One block around a library's model is one cut, whatever lines of the library ran in it
            place = target.caller
        if edge.severed is CutKind.FROZEN:
            place = step.froze.get(edge.source) or place
        # Two that share an inner line are two cuts
        block = target.block_place if edge.severed in GRAD_MODES else None
        operation = _operation(target, edge.severed)
        key = (edge.severed, operation, place.file, place.line, block, edge.captured)
        groups.setdefault(key, []).append(edge)
    return groups.values()


def _severance(step: _Step, edges: Sequence[Edge]) -> _Severance | None:
    """Return the cut that some edges make; None where nothing of interest lies behind it."""
    graph, kind = step.graph, edges[0].severed
    assert kind is not None
    behind = graph.before(
        [edge.source for edge in edges],
        through=lambda edge: edge.gradient and edge.severed is None,
    )
    names = {
        name for index in behind for name in step.names.get(index, ()) if name not in step.calm
    }
    if not names and (kind is CutKind.GRAD_WITHOUT_GRAPH or not _holds_a_copy(step, behind)):
        return None
    targets = [graph.nodes[edge.target] for edge in edges]
    place = targets[0].place or Place("", 0)
    frozen = kind is CutKind.FROZEN
    if frozen:
        place = step.froze.get(edges[0].source) or place
    cut = Cut(
        kind=kind,
        operation=_operation(targets[0], kind),
        file=place.file,
        line=place.line,
        code=place.code,
        scope=_shared_scope(target.scope for target in targets),
        parameters=tuple(sorted(names, key=step.order.__getitem__)),
        caller=None if frozen else targets[0].caller,
        also=_severed_again(graph, edges, kind, place),
        block=targets[0].block_place if kind in GRAD_MODES else None,
        captured=edges[0].captured,
        inside_library=all(target.library for target in targets),
        leaves=kind not in LEAVING and leaves(graph, edges),
        again=made_anew(graph, edges),
    )
    return _Severance(cut, edges, names)


def _holds_a_copy(step: _Step, behind: Iterable[int]) -> bool:
    """Say whether a leaf of the step's own, among some nodes, is made of a parameter."""
    nodes = step.graph.nodes
    leaves = [index for index in behind if nodes[index].kind is NodeKind.LEAF]
    return any(
        index in step.names and nodes[index].requires_grad for index in step.graph.before(leaves)
    )


def _with_thawed(graph: Graph, observed: Sequence[ParameterSeen]) -> Graph:
    """Return the graph with an edge severed wherever a parameter was frozen as it was used, and
    requires grad now.
    """
    thawed = {
        parameter.node
        for parameter in observed
        if parameter.node is not None
        and parameter.requires_grad
        and not graph.nodes[parameter.node].requires_grad
    }
    # Other uses of these are alive
    between = {
        parameter.node
        for parameter in observed
        if parameter.requires_grad and parameter.switched_at is not None
    }
    if not thawed and not between:
        return graph

    def severed(edge: Edge) -> CutKind | None:
        if edge.source in thawed:
            return CutKind.FROZEN
        target = graph.nodes[edge.target]
        if edge.source in between and target.kind is NodeKind.OPERATION:
            return edge.severed or target.severs or CutKind.FROZEN
        return edge.severed

    edges = (
        edge if edge.gradient else replace(edge, severed=severed(edge)) for edge in graph.edges
    )
    return replace(graph, edges=tuple(edges))


def _is_alive(edge: Edge) -> bool:
    """Say whether gradient comes back along an edge.

    It does where autograd filled in zeros for a None, and does not behind a hook that replaced the
    gradient.
    """
    return edge.gradient and edge.severed in (None, CutKind.CUSTOM_FUNCTION)


def _verdict(parameter: ParameterSeen, passed: set[int]) -> Verdict:
    if not parameter.requires_grad:
        return Verdict.FROZEN
    if parameter.node not in passed and not passed.isdisjoint(parameter.lodgers):
        return Verdict.REACHED
    if parameter.node is None:
        return Verdict.UNUSED
    if parameter.node not in passed:
        return Verdict.CUT
    if not parameter.arrived:
        return Verdict.UNUSED  # an output of a call with several that the loss does not take in
    return Verdict.ZERO if parameter.nonzero is False else Verdict.REACHED


def _judge(
    parameter: ParameterSeen, verdict: Verdict, cuts: list[Cut], alive: set[int]
) -> Parameter:
    counted = [cut for cut in cuts if not cut.inside_library]
    partial = (
        verdict in (Verdict.REACHED, Verdict.ZERO) and bool(counted) and parameter.node in alive
    )
    shown = counted if verdict is not Verdict.CUT else counted or cuts
    return _parameter(
        name=parameter.name,
        names=parameter.names,
        shape=parameter.shape,
        numel=parameter.numel,
        verdict=verdict,
        partial=partial,
        cuts=() if verdict in (Verdict.FROZEN, Verdict.UNUSED) else tuple(shown),
        zero=parameter.zero if verdict is Verdict.ZERO else None,
        frozen_at=parameter.switched_at if verdict is Verdict.FROZEN else None,
        frozen_from=parameter.switched_from if verdict is Verdict.FROZEN else None,
        replaced_at=parameter.replaced_at if verdict is not Verdict.FROZEN else None,
        thawed_at=parameter.switched_at if verdict is not Verdict.FROZEN else None,
        optimized=parameter.optimized,
        gradient_norm=parameter.norm,
        rounding=parameter.rounding and verdict is Verdict.REACHED,
    )


def _marked(step: _Step, passed: set[int], cut_of: Mapping[tuple[int, int], int]) -> Graph:
    """Return the graph with verdicts, pruned parts and cuts written in."""
    graph = step.graph
    makes = _computed_in_vain(graph, passed)
    marks = {
        edge.target
        for edge in (graph.edges if makes else ())
        if edge.severed is not None and edge.severed not in GRAD_MODES
    }

    def mark(node: Node) -> Node:
        verdict = node.verdict
        if node.index in step.names:
            verdict = step.verdicts[step.names[node.index][-1]]
        elif node.kind is NodeKind.LEAF:
            verdict = (
                Verdict.FROZEN
                if not node.requires_grad
                else Verdict.REACHED
                if node.index in passed
                else Verdict.CUT
            )
        pruned = node.index in makes and (node.requires_grad or node.index not in marks)
        return (
            node
            if verdict is node.verdict and not pruned
            else changed(node, verdict=verdict, pruned=pruned)
        )

    def number(edge: Edge) -> Edge:
        cut = cut_of.get((edge.source, edge.target))
        return edge if cut is None else changed(edge, cut=cut)

    return replace(
        graph,
        nodes=tuple(map(mark, graph.nodes)),
        edges=tuple(map(number, graph.edges)) if cut_of else graph.edges,
    )


def _computed_in_vain(graph: Graph, passed: set[int]) -> set[int]:
    """Return what is made of something that requires grad, and gets none."""
    if len(passed) == len(graph.nodes):
        return set()
    trainable = (
        node.index
        for node in graph.nodes
        if node.kind in (NodeKind.PARAMETER, NodeKind.LEAF) and node.requires_grad
    )
    return graph.after(trainable) - passed


def _operation(node: Node, kind: CutKind) -> str:
    if kind is CutKind.FROZEN:
        return "requires_grad = False"
    return GRAD_MODES.get(kind, node.operation)


def _shared_scope(scopes: Iterable[str]) -> str:
    """Return what the paths of several modules share."""
    return ".".join(shared_start(scope.split(".") for scope in scopes))


def _severed_again(
    graph: Graph, edges: Iterable[Edge], kind: CutKind, place: Place
) -> tuple[Place, ...]:
    """Return the lines behind a cut, towards the loss, that would sever the same route, or a branch
    of it: of what ran without grad mode that which switched it off.
    """
    blocks = {str(_block(graph.nodes[edge.target])) for edge in edges} - {"None"}
    places: set[Place] = set()
    for index in graph.after(edge.target for edge in edges):
        for edge in graph.out[index]:
            node = graph.nodes[edge.target]
            severs = edge.severed or node.severs
            block = _block(node) if severs in _NO_GRAD else None
            same = kind in GRAD_MODES and str(block) in blocks
            again = block if isinstance(block, Place) else node.place
            if severs is not None and not same and again is not None and str(again) != str(place):
                places.add(again)
    return tuple(sorted(places))


def _block(node: Node) -> Place | int | None:
    """Return the line that had switched grad mode off, else the number of that block."""
    return node.block_place or node.block or None
