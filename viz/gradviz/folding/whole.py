"""A graph node by node, with nothing folded: what the page and the picture of a small graph draw.

Two things are added to the graph: a mark for every cut that is no node, and a stub for each use of
a parameter with many, since a hub of a hundred edges takes ``dot`` half a minute.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from gradviz.folding.boxes import SHARED_USES, Box, BoxKind, Folded, Link
from gradviz.folding.drawn import box_of, links_of, mark_of, tensor_of
from gradviz.folding.flow import Flow, Passing
from gradviz.folding.losses import loss_functions
from gradviz.graph import Edge, Graph, Node, NodeKind, Parameter, Verdict
from gradviz.system.grouped import grouped


@dataclass(frozen=True, slots=True)
class Whole:
    """What is drawn of a graph, by number: the loss and the operations in their order, then marks
    and tensors as they are met. Read-only.

    A page draws a hundred thousand of them, most of them alike, and makes no box of each.

    Attributes:
        nodes: What each stands for, or stands on.
        marks: Those that severs: their boxes. Also those of loss functions that are one box.
        stubs: Tensors that are drawn again beside a use: the index of the node that uses them.
        links: Source, target and what passes, each once.
    """

    nodes: list[Node] = field(default_factory=list)
    marks: dict[int, Box] = field(default_factory=dict)
    stubs: dict[int, int] = field(default_factory=dict)
    links: dict[tuple[int, int, Passing], None] = field(default_factory=dict)


def whole(graph: Graph, parameters: Mapping[str, Parameter], *, loss_steps: bool = True) -> Folded:
    """Return ``graph`` with a box for everything that is drawn of it.

    Args:
        graph: As the analysis marked it.
        parameters: The parameters of the model by name; those that the graph lacks have no box.
        loss_steps: Also with one for each step of one of torch's loss functions, which is one box
            otherwise.
    """
    drawn = drawn_of(graph, Flow(graph, parameters), loss_steps=loss_steps)
    boxes = (
        drawn.marks.get(number) or _box(node, drawn.stubs.get(number), parameters)
        for number, node in enumerate(drawn.nodes)
    )
    links = (Link(source=source, target=target, way=way) for source, target, way in drawn.links)
    return Folded(
        boxes=tuple(boxes), links=tuple(links), frames=(), nodes=len(graph.nodes), is_whole=True
    )


def drawn_of(graph: Graph, flow: Flow, *, loss_steps: bool = True) -> Whole:
    """Return what is drawn of ``graph`` where nothing is folded; see :func:`whole`."""
    return _NodeByNode(graph, flow, {} if loss_steps else _loss_boxes(flow)).whole()


def _loss_boxes(flow: Flow) -> dict[int, Box]:
    """Return the box of a loss function for each node that is a step of it; none for one in which
    something severs.
    """
    names = loss_functions(flow.nodes)
    steps = grouped(
        ((node.scope, names[node.index], node.requires_grad), node)
        for node in flow.nodes
        if node.index in names
    )
    severed = set(flow.cut_nodes) | {
        index for edge in flow.cut_edges for index in (edge.source, edge.target)
    }
    boxes = {}
    for (scope, name, _), nodes in steps.items():
        inside = {node.index for node in nodes}
        if inside.isdisjoint(severed) and all(n.kind is NodeKind.OPERATION for n in nodes):
            box = Box(
                kind=BoxKind.MODULE,
                key=f"n{nodes[0].index}",
                node=nodes[0],
                nodes=len(nodes),
                path=f"{scope}.{name}" if scope else name,
                pruned=all(node.pruned for node in nodes),
            )
            boxes.update(dict.fromkeys(inside, box))
    return boxes


class _NodeByNode:
    def __init__(self, graph: Graph, flow: Flow, loss_boxes: Mapping[int, Box]) -> None:
        self._graph, self._flow, self._loss_boxes = graph, flow, loss_boxes
        self._makers: dict[int, set[int]] = {}
        self._drawn = Whole()
        # Numbers of what has a key: marks on edges, loss functions, some tensors
        self._numbers: dict[Hashable, int] = {}
        self._single = [-1] * len(flow.nodes)  # numbers of the nodes that are drawn once

    def whole(self) -> Whole:
        for node in self._flow.nodes:
            if node.kind is NodeKind.OPERATION or node.kind is NodeKind.LOSS:
                self._single[node.index] = self._draw(node)
        links, severed, single = self._drawn.links, self._flow.cut_edges, self._single
        ends = {edge.target for edge in severed}
        for edges in self._flow.into:
            for edge in edges:
                target = single[edge.target]
                if target < 0:
                    target = self._tensor(edge.target, edge)
                mark = self._mark(edge) if edge.target in ends and edge in severed else None
                source = single[edge.source]
                if source < 0:
                    source = self._tensor(edge.source, edge)
                for link in links_of(source, target, self._flow.way(edge), mark):
                    links[link] = None
        return self._drawn

    def _draw(self, node: Node) -> int:
        """Return the number of a loss or an operation."""
        cuts = self._flow.cut_nodes.get(node.index)
        box = self._loss_boxes.get(node.index)
        if box is not None:
            return self._once(box.key, node, box)
        if cuts is not None and node.kind is not NodeKind.LOSS:
            return self._add(node, mark_of(node, node.severs, cuts, key=f"n{node.index}"))
        return self._add(node)

    def _add(self, node: Node, box: Box | None = None) -> int:
        nodes = self._drawn.nodes
        nodes.append(node)
        if box is not None:
            self._drawn.marks[len(nodes) - 1] = box
        return len(nodes) - 1

    def _once(self, key: Hashable, node: Node, box: Box | None = None) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._add(node, box)
        return number

    def _tensor(self, index: int, edge: Edge) -> int:
        """Return the number of a tensor that an edge begins or ends in.

        One with many uses is drawn again at each. One that was made of others is drawn where their
        lines end, and again where it was used before that.
        """
        node = self._flow.nodes[index]
        if self._flow.into[index]:
            if index not in self._makers:
                self._makers[index] = set(self._graph.before([index]))
            is_stub = edge.source == index and edge.target in self._makers[index]
        else:
            is_stub = len(self._flow.out[index]) > SHARED_USES
            if not is_stub:
                self._single[index] = self._add(node)
                return self._single[index]
        number = self._once((index, edge.target if is_stub else -1), node)
        if is_stub:
            self._drawn.stubs[number] = edge.target
        return number

    def _mark(self, edge: Edge) -> int:
        """Return the number of the mark of what severs on an edge.

        One for all values that leave the same operation of a block.
        """
        node = self._flow.marked(edge)
        kind = edge.severed or node.severs
        key = f"cut_{node.index}" if node.index == edge.source else f"cut_{kind}_{node.index}"
        return self._once(key, node, mark_of(node, kind, self._flow.cut_edges[edge], key=key))


def _box(node: Node, use: int | None, parameters: Mapping[str, Parameter]) -> Box:
    """Return the box of what is drawn of a node that severs nothing.

    Args:
        node: What it stands for.
        use: Of a stub: the index of the node that uses it.
        parameters: Of the model.
    """
    if node.kind not in (NodeKind.PARAMETER, NodeKind.LEAF):
        return box_of(node, None, path=node.scope, pruned=node.pruned, key=f"n{node.index}")
    parameter, verdict = tensor_of(node, parameters)
    return Box(
        kind=BoxKind.PARAMETER if node.kind is NodeKind.PARAMETER else BoxKind.LEAF,
        key=f"n{node.index}" if use is None else f"n{node.index}_{use}",
        node=node,
        path=node.name,
        shape=node.shape,
        parameters=1 if parameter else 0,
        numel=parameter.numel if parameter else 0,
        verdicts=((verdict, 1),),
        partial=int(parameter.partial) if parameter else 0,
        pruned=verdict is Verdict.CUT,
        stub=use is not None,
        marked=(node.name,) if parameter else (),
    )
