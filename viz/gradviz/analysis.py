"""From a graph and what arrived to the verdict of every parameter and the cuts.

Pure, without torch.

Everything follows from the edges. A parameter is reached if gradient passes to it, cut if its value
went into the loss and gradient does not pass, unused if its value did not go in. A cut is where a
value that requires grad goes in and gradient does not come out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gradviz.causes import checkpoint
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

_NO_GRAD = frozenset((*GRAD_MODES, CutKind.COPY_UNDER_NO_GRAD))


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
        zero: Where the zero begins, if it is known.
        switched_at: The line that froze it, or thawed it again, if it was seen.
        switched_from: The line that called the function in which that line stands.
        froze_at: The line that froze it last, also where it was thawed since; else the one that
            thawed it.
        replaced_at: As in :class:`Parameter`.
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
    optimized: bool | None = None
    zero: Zero | None = None
    switched_at: Place | None = None
    switched_from: Place | None = None
    froze_at: Place | None = None
    replaced_at: Place | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the analysis found. Read-only."""

    parameters: tuple[Parameter, ...]
    cuts: tuple[Cut, ...]
    graph: Graph


def analyse(graph: Graph, seen: Sequence[ParameterSeen]) -> Judgement:
    """Judge every parameter and name the cuts."""
    graph = _with_thawed(graph, seen)
    froze = {parameter.node: parameter.froze_at for parameter in seen if parameter.node is not None}
    passed = graph.before([0], through=lambda edge: edge.gradient)
    severing = any(edge.severed is not None for edge in graph.edges)
    alive = graph.before([0], through=_is_alive) if severing else passed
    verdicts = {parameter.name: _verdict(graph, parameter, passed) for parameter in seen}
    names = {parameter.node: parameter.name for parameter in seen if parameter.node is not None}
    together: dict[int, list[str]] = {}  # several where one flat parameter stands for them
    for parameter in seen:
        if parameter.node is not None:
            together.setdefault(parameter.node, []).append(parameter.name)
    order = {parameter.name: position for position, parameter in enumerate(seen)}

    groups: dict[tuple[CutKind, str, str, int, Place | None, bool], list[Edge]] = {}
    for edge in graph.edges:
        if edge.severed is not None:
            target = graph.nodes[edge.target]
            place = target.place or Place("", 0)
            if edge.severed in GRAD_MODES and target.caller is not None:
                # One block around a library's model is one cut, whatever lines of the library ran
                # in it
                place = target.caller
            if edge.severed is CutKind.FROZEN:
                place = froze.get(edge.source) or place
            # Two that share an inner line are two cuts
            block = target.block_place if edge.severed in GRAD_MODES else None
            name = "" if edge.severed is CutKind.FROZEN else _operation(target, edge.severed)
            key = (edge.severed, name, place.file, place.line, block, edge.captured)
            groups.setdefault(key, []).append(edge)

    found: list[tuple[tuple[bool, int], Cut, list[Edge], set[str]]] = []
    for (kind, operation, _, _, block, captured), edges in groups.items():
        sources = [edge.source for edge in edges]
        behind = graph.before(sources, through=lambda edge: edge.gradient and edge.severed is None)
        first = {
            name
            for index in behind
            for name in together.get(index, ())
            if verdicts[name] is not Verdict.FROZEN
        }
        if not first:
            # Behind it lie only leaves of the step's own: of interest where these are copies of a
            # parameter.
            leaves = [index for index in behind if graph.nodes[index].kind is NodeKind.LEAF]
            if not any(
                index in names and graph.nodes[index].requires_grad
                for index in graph.before(leaves)
            ):
                continue
        targets = [graph.nodes[edge.target] for edge in edges]
        place = targets[0].place or Place("", 0)
        if kind is CutKind.FROZEN:
            place = froze.get(edges[0].source) or place
        cut = Cut(
            kind=kind,
            operation="requires_grad = False" if kind is CutKind.FROZEN else operation,
            file=place.file,
            line=place.line,
            code=place.code,
            scope=_shared_scope(target.scope for target in targets),
            parameters=tuple(sorted(first, key=order.__getitem__)),
            caller=targets[0].caller if kind is not CutKind.FROZEN else None,
            also=_severed_again(graph, edges, kind, place),
            block=block,
            captured=captured,
            inside_library=all(target.library for target in targets),
        )
        severs_all = any(verdicts[name] is Verdict.CUT for name in first)
        found.append(((not severs_all, min(edge.target for edge in edges)), cut, edges, first))
    found.sort(key=lambda item: item[0])

    cuts = tuple(cut for _, cut, _, _ in found)
    cut_of = {
        (edge.source, edge.target): number
        for number, (_, _, edges, _) in enumerate(found)
        for edge in edges
    }
    behind_of: dict[str, list[Cut]] = {}
    for _, cut, _, first in found:
        for name in first:
            behind_of.setdefault(name, []).append(cut)
    judged = tuple(
        _judge(parameter, verdicts[parameter.name], behind_of.get(parameter.name, []), alive)
        for parameter in seen
    )
    return Judgement(judged, cuts, _marked(graph, verdicts, names, passed, cut_of))


def _with_thawed(graph: Graph, seen: Sequence[ParameterSeen]) -> Graph:
    """Return the graph with an edge severed wherever a parameter was frozen as it was used, and
    requires grad now.
    """
    thawed = {
        parameter.node
        for parameter in seen
        if parameter.node is not None
        and parameter.requires_grad
        and not graph.nodes[parameter.node].requires_grad
    }
    if not thawed:
        return graph
    edges = tuple(
        (
            replace(edge, severed=CutKind.FROZEN)
            if edge.source in thawed and not edge.gradient
            else edge
        )
        for edge in graph.edges
    )
    return replace(graph, edges=edges)


def _is_alive(edge: Edge) -> bool:
    """Gradient comes back along it.

    Also zeros that stand for the None of a custom Function, but not what a hook has replaced.
    """
    return edge.gradient and edge.severed in (None, CutKind.CUSTOM_FUNCTION)


def _verdict(graph: Graph, parameter: ParameterSeen, passed: set[int]) -> Verdict:
    if not parameter.requires_grad:
        return Verdict.FROZEN
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
    return Parameter(
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
    )


def _marked(
    graph: Graph,
    verdicts: Mapping[str, Verdict],
    names: Mapping[int, str],
    passed: set[int],
    cut_of: Mapping[tuple[int, int], int],
) -> Graph:
    """Return the graph with verdicts, pruned parts and cuts written in."""
    trainable = [
        node.index
        for node in graph.nodes
        if node.kind in (NodeKind.PARAMETER, NodeKind.LEAF) and node.requires_grad
    ]
    makes = graph.after(trainable) if len(passed) < len(graph.nodes) else set()
    marks = {
        edge.target
        for edge in graph.edges
        if edge.severed is not None and edge.severed not in GRAD_MODES
    }

    def mark(node: Node) -> Node:
        verdict = node.verdict
        if node.index in names:
            verdict = verdicts[names[node.index]]
        elif node.kind is NodeKind.LEAF:
            verdict = (
                Verdict.FROZEN
                if not node.requires_grad
                else Verdict.REACHED
                if node.index in passed
                else Verdict.CUT
            )
        pruned = (
            node.index not in passed
            and node.index in makes
            and (node.requires_grad or node.index not in marks)
        )
        return (
            node
            if verdict is node.verdict and not pruned
            else replace(node, verdict=verdict, pruned=pruned)
        )

    def number(edge: Edge) -> Edge:
        cut = cut_of.get((edge.source, edge.target))
        return edge if cut is None else replace(edge, cut=cut)

    return replace(
        graph,
        nodes=tuple(map(mark, graph.nodes)),
        edges=tuple(map(number, graph.edges)) if cut_of else graph.edges,
    )


def _operation(node: Node, kind: CutKind) -> str:
    if node.operation == checkpoint.OPERATION:
        return node.operation
    return GRAD_MODES.get(kind, node.operation)


def _shared_scope(scopes: Iterable[str]) -> str:
    """Return what the paths of several modules share."""
    paths = [scope.split(".") for scope in dict.fromkeys(scopes)]
    shared = paths[0]
    for path in paths[1:]:
        length = next(
            (index for index, (a, b) in enumerate(zip(shared, path, strict=False)) if a != b),
            min(len(shared), len(path)),
        )
        shared = shared[:length]
    return ".".join(shared)


def _severed_again(
    graph: Graph, edges: Iterable[Edge], kind: CutKind, place: Place
) -> tuple[Place, ...]:
    """Return the lines behind a cut, towards the loss, that would sever the same route, or a branch
    of it.
    """
    blocks = {graph.nodes[edge.target].block for edge in edges}
    found: set[Place] = set()
    for index in graph.after(edge.target for edge in edges):
        for edge in graph.out[index]:
            node = graph.nodes[edge.target]
            severs = edge.severed or node.severs
            same = kind in GRAD_MODES and severs in _NO_GRAD and node.block in blocks
            if (
                severs is not None
                and not same
                and node.place is not None
                and str(node.place) != str(place)
            ):
                found.add(node.place)
    return tuple(sorted(found))
