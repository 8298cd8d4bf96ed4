"""The shape of a graph as text.

Which operations, which parameters hang where, what is pruned behind which cut.

Two reports have the same shape when the same values go into the same operations, whatever order
those were met in and wherever the code stands. ``<-`` is a value that gradient goes back to, ``<~``
one that wants none, ``<x detach_`` one whose gradient is severed. A chain stands on one line,
several inputs stand below, and a node that is used more than once is told once and then referred
to. ``graph_shape`` tells every operation, ``module_shape`` a module to a paragraph.
"""

import hashlib
import re
from collections import Counter

from gradviz.facts.findings import Findings
from gradviz.graph import Edge, Graph, Node, NodeKind


def graph_shape(report: Findings) -> str:
    """Return the graph of ``report`` as a tree from the loss, and its cuts below."""
    graph = report.graph
    inputs = _sorted_inputs(graph)
    uses = Counter(edge.source for edge in graph.edges)
    numbers: dict[int, int] = {}
    lines: list[str] = []
    waiting: list[tuple[int, str, int]] = [(0, "", 0)] if graph.nodes else []
    while waiting:
        index, line, depth = waiting.pop()
        while True:
            line += _label(graph.nodes[index])
            if index in numbers:
                line += f" as #{numbers[index]}"
                break
            if uses[index] > 1 and inputs[index]:
                numbers[index] = len(numbers) + 1
                line += f" #{numbers[index]}"
            if len(inputs[index]) != 1:
                below = [
                    (edge.source, "  " * (depth + 1) + _arrow(edge), depth + 1)
                    for edge in inputs[index]
                ]
                waiting.extend(reversed(below))
                break
            (edge,) = inputs[index]
            line += f" {_arrow(edge)}"
            index = edge.source
        lines.append(line)
    return "\n".join([*lines, *_cuts(report)]) + "\n"


def module_shape(report: Findings) -> str:
    """Return the modules that went into the loss, what became of the parameters of each, and whose
    values go into it.

    What runs outside of every module is looked through: a value that is detached between two
    modules is severed between them. Numbered siblings that are alike are told once, ``layers.1..11
    <- layers.0..10``.
    """
    graph = report.graph
    inputs, order = graph.into, graph.inputs_first()
    # Of every node: the modules that are seen from it, and how
    behind: dict[int, set[tuple[str, str]]] = {}
    into: dict[str, set[tuple[str, str]]] = {}
    for index in order:
        own_room = _room(graph.nodes[index])
        senders = {
            (_through(_arrow(edge), arrow), room)
            for edge in inputs[index]
            for arrow, room in behind[edge.source]
        }
        if own_room is not None:
            into.setdefault(own_room, set()).update(
                (arrow, room)
                for arrow, room in senders
                if room != own_room or arrow.startswith("<x")
            )
        behind[index] = senders if own_room is None else {("<- ", own_room)}
    verdicts: dict[str, Counter[str]] = {}
    for parameter in report.parameters.values():
        verdicts.setdefault(_owner(parameter.name), Counter())[parameter.verdict] += 1
    entries: list[_Told] = []
    for room in sorted(into.keys() | verdicts.keys(), key=_naturally):
        counts = ", ".join(
            f"{count} {verdict}" for verdict, count in sorted(verdicts.get(room, {}).items())
        )
        sources = sorted(into.get(room, ()), key=lambda item: (_naturally(item[1]), item[0]))
        entries.append(
            (
                tuple(room.split(".")),
                counts,
                tuple((arrow, tuple(source.split("."))) for arrow, source in sources),
            )
        )
    lines = []
    for path, counts, inputs_of in _siblings_once(entries):
        lines.append(".".join(path) + (f": {counts}" if counts else ""))
        lines += [f"  {arrow}{'.'.join(source)}" for arrow, source in inputs_of]
    return "\n".join([*lines, *_cuts(report)]) + "\n"


_Path = tuple[str, ...]
# A module, its parameters, and what goes into it
_Told = tuple[_Path, str, tuple[tuple[str, _Path], ...]]


def _siblings_once(entries: list[_Told]) -> list[_Told]:
    """Tell numbered siblings once where each is like the one before, counted from
    its own number.
    """
    for depth in range(max((len(path) for path, _, _ in entries), default=0)):
        blocks: dict[tuple[_Path, int], list[_Told]] = {}
        for item in entries:
            path = item[0]
            if len(path) > depth and path[depth].isdecimal():
                blocks.setdefault((path[:depth], int(path[depth])), []).append(item)
        runs: dict[tuple[_Path, int], int] = {}  # how many siblings the first of a run stands for
        first: tuple[_Path, int] | None = None
        alike: list[_Told] = []
        for family, number in sorted(blocks):
            relative = [_renamed(item, family, number, 0, 1) for item in blocks[family, number]]
            if (
                first is not None
                and first[0] == family
                and number == first[1] + runs[first]
                and relative == alike
            ):
                runs[first] += 1
            else:
                first, alike = (family, number), relative
                runs[first] = 1
        kept: list[_Told] = []
        for item in entries:
            path = item[0]
            key = (
                (path[:depth], int(path[depth]))
                if len(path) > depth and path[depth].isdecimal()
                else None
            )
            if key is None or runs.get(key) == 1:
                kept.append(item)
            elif key in runs:
                kept.append(_renamed(item, *key, key[1], runs[key]))
        entries = kept
    return entries


def _renamed(item: _Told, family: _Path, number: int, start: int, count: int) -> _Told:
    """Tell a sibling as ``count`` of them from ``start`` on, and the one before it and the one
    after likewise.
    """

    def renamed(path: _Path) -> _Path:
        depth = len(family)
        if (
            path[:depth] != family
            or len(path) == depth
            or not path[depth].isdecimal()
            or abs(int(path[depth]) - number) > 1
        ):
            return path
        begin = start + int(path[depth]) - number
        return (*family, f"{begin}..{begin + count - 1}", *path[depth + 1 :])

    path, counts, sources = item
    return renamed(path), counts, tuple((arrow, renamed(source)) for arrow, source in sources)


def _cuts(report: Findings) -> list[str]:
    cuts = sorted(report.cuts, key=lambda cut: (cut.parameters, cut.operation, cut.code))
    return [
        f"{cut.operation} in {cut.code!r} severs {', '.join(cut.parameters) or 'nothing'}"
        for cut in cuts
    ]


def _room(node: Node) -> str | None:
    """Return what a node is told as among modules; None for what runs outside of all."""
    if node.kind is NodeKind.PARAMETER:
        return _owner(node.name)
    if node.kind is NodeKind.OPERATION:
        return node.scope or None
    return _label(node)


def _owner(parameter: str) -> str:
    """Return the module that a parameter belongs to."""
    return parameter.rpartition(".")[0] or "(model)"


def _through(near: str, far: str) -> str:
    """Return how a value arrives that comes along two edges.

    What severs is told before what wants no gradient.
    """
    return next(
        (arrow for arrow in (far, near) if arrow.startswith("<x")), near if near == "<~ " else far
    )


def _naturally(room: str) -> tuple[bool, list[tuple[int, str]]]:
    """Return a key that sorts the loss first, and ``layers.2`` before ``layers.10``."""
    return room != "loss", [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"[.]", room)
    ]


def _label(node: Node) -> str:
    if node.kind is NodeKind.OPERATION:
        return f"{node.operation}{' (pruned)' if node.pruned else ''}"
    if node.kind is NodeKind.LOSS:
        return "loss"
    return f"{node.name}{f': {node.verdict}' if node.verdict else ''}"


def _arrow(edge: Edge) -> str:
    if edge.severed:
        return f"<x {edge.severed} "
    return "<- " if edge.gradient else "<~ "


def _sorted_inputs(graph: Graph) -> list[list[Edge]]:
    """Return the edges into each node, sorted by what hangs on them, then by who else uses that,
    and not by when it was met.
    """
    order = graph.inputs_first()
    below, above = [""] * len(graph.nodes), [""] * len(graph.nodes)
    for index in order:
        hanging = sorted(_arrow(edge) + below[edge.source] for edge in graph.into[index])
        below[index] = _digest([_label(graph.nodes[index]), *hanging])
    for index in reversed(order):
        above[index] = _digest(
            sorted(
                _arrow(edge) + below[edge.target] + above[edge.target] for edge in graph.out[index]
            )
        )

    def position(edge: Edge) -> tuple[str, ...]:
        return (
            _arrow(edge),
            _label(graph.nodes[edge.source]),
            below[edge.source],
            above[edge.source],
        )

    return [sorted(edges, key=position) for edges in graph.into]


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
