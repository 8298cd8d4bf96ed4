"""The shape of a graph as text: which operations, which parameters hang where, what is pruned behind which cut.

Two reports have the same shape when the same values go into the same operations, whatever order those were met in and wherever
the code stands. ``<-`` is a value that gradient goes back to, ``<~`` one that wants none, ``<x detach_`` one whose gradient is severed.
A chain stands on one line, several inputs stand below, and a node that is used more than once is told once and then referred to.
"""

import hashlib
from collections import Counter

from gradviz.graph import Edge, Graph, Node, NodeKind
from gradviz.reports import Report


def graph_shape(report: Report) -> str:
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
                below = [(edge.source, "  " * (depth + 1) + _arrow(edge), depth + 1) for edge in inputs[index]]
                waiting.extend(reversed(below))
                break
            (edge,) = inputs[index]
            line += f" {_arrow(edge)}"
            index = edge.source
        lines.append(line)
    cuts = sorted(report.cuts, key=lambda cut: (cut.parameters, cut.operation, cut.code))
    lines += [f"{cut.operation} in {cut.code!r} severs {', '.join(cut.parameters) or 'nothing'}" for cut in cuts]
    return "\n".join(lines) + "\n"


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
    """The edges into each node, sorted by what hangs on them and not by when it was met."""
    inputs: list[list[Edge]] = [[] for _ in graph.nodes]
    users: list[list[int]] = [[] for _ in graph.nodes]
    for edge in graph.edges:
        inputs[edge.target].append(edge)
        users[edge.source].append(edge.target)
    missing = [len(edges) for edges in inputs]
    ready = [index for index, count in enumerate(missing) if not count]
    prints = [""] * len(graph.nodes)
    for index in ready:  # grows while it is walked: inputs before those that use them
        inputs[index].sort(key=lambda edge: (_arrow(edge), _label(graph.nodes[edge.source]), prints[edge.source]))
        below = [_label(graph.nodes[index]), *(_arrow(edge) + prints[edge.source] for edge in inputs[index])]
        prints[index] = hashlib.sha256("\n".join(below).encode()).hexdigest()
        for user in users[index]:
            missing[user] -= 1
            if not missing[user]:
                ready.append(user)
    return inputs
