"""A graph node by node, with nothing folded: what the page and the picture of a small graph draw.

Two things are added to the graph: a mark for every cut that is no node, and a stub for each use of
a parameter with many, since a hub of a hundred edges takes ``dot`` half a minute.
"""

from collections.abc import Mapping

from gradviz.folding.boxes import SHARED_USES, Box, BoxKind, Folded, Link
from gradviz.folding.drawn import box_of, links_of, mark_of
from gradviz.folding.flow import Flow, Passing
from gradviz.folding.losses import loss_functions
from gradviz.graph import Edge, Graph, Node, NodeKind, Parameter, Verdict
from gradviz.system.grouped import grouped


def whole(graph: Graph, parameters: Mapping[str, Parameter], *, loss_steps: bool = True) -> Folded:
    """Return ``graph`` with a box for every node.

    The loss and the operations in their order, then marks and tensors as they are met.

    Args:
        graph: As the analysis marked it.
        parameters: The parameters of the model by name; those that the graph lacks have no box.
        loss_steps: Also with one for each step of one of torch's loss functions, which is one box
            otherwise.
    """
    flow = Flow(graph, parameters)
    return _Whole(graph, flow, parameters, {} if loss_steps else _loss_boxes(flow)).folded()


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


class _Whole:
    def __init__(
        self,
        graph: Graph,
        flow: Flow,
        parameters: Mapping[str, Parameter],
        loss_boxes: Mapping[int, Box],
    ) -> None:
        self._graph, self._flow = graph, flow
        self._parameters, self._loss_boxes = parameters, loss_boxes
        self._makers: dict[int, set[int]] = {}
        self._boxes: dict[str, Box] = {}
        self._numbers: dict[str, int] = {}
        self._single = [-1] * len(flow.nodes)  # numbers of the boxes of nodes that have one
        self._links: dict[tuple[int, int, Passing], None] = {}

    def folded(self) -> Folded:
        for node in self._flow.nodes:
            if node.kind in (NodeKind.LOSS, NodeKind.OPERATION):
                box = self._loss_boxes.get(node.index) or self._of(node)
                self._single[node.index] = self._add(box)
        for edges in self._flow.into:
            for edge in edges:
                self._connect(edge)
        links = tuple(
            Link(source=source, target=target, way=way) for source, target, way in self._links
        )
        return Folded(
            boxes=tuple(self._boxes.values()), links=links, frames=(), nodes=len(self._flow.nodes)
        )

    def _add(self, box: Box) -> int:
        if box.key not in self._boxes:
            self._numbers[box.key] = len(self._boxes)
            self._boxes[box.key] = box
        return self._numbers[box.key]

    def _connect(self, edge: Edge) -> None:
        target = self._end(edge.target, edge)
        severed = self._flow.cut_edges
        mark = self._add(self._mark(edge)) if severed and edge in severed else None
        source = self._end(edge.source, edge)
        for link in links_of(source, target, self._flow.way(edge), mark):
            self._links[link] = None

    def _end(self, index: int, edge: Edge) -> int:
        """Return the number of the box that an edge begins or ends in."""
        number = self._single[index]
        if number < 0:
            box = self._tensor(self._flow.nodes[index], edge)
            number = self._add(box)
            if not box.stub and not self._flow.into[index]:
                self._single[index] = number
        return number

    def _mark(self, edge: Edge) -> Box:
        """Return the mark of what severs on an edge.

        One for all values that leave the same operation of a block.
        """
        node = self._flow.marked(edge)
        kind = edge.severed or node.severs
        key = f"cut_{node.index}" if node.index == edge.source else f"cut_{kind}_{node.index}"
        return mark_of(node, kind, self._flow.cut_edges[edge], key=key)

    def _of(self, node: Node) -> Box:
        cuts = self._flow.cut_nodes.get(node.index)
        return box_of(node, cuts, path=node.scope, pruned=node.pruned, key=f"n{node.index}")

    def _tensor(self, node: Node, edge: Edge) -> Box:
        is_stub = self._is_stub(node, edge)
        parameter = self._parameters.get(node.name) if node.kind is NodeKind.PARAMETER else None
        verdict = parameter.verdict if parameter else node.verdict or Verdict.REACHED
        return Box(
            kind=BoxKind.PARAMETER if node.kind is NodeKind.PARAMETER else BoxKind.LEAF,
            key=f"n{node.index}_{edge.target}" if is_stub else f"n{node.index}",
            node=node,
            path=node.name,
            shape=node.shape,
            parameters=1 if parameter else 0,
            numel=parameter.numel if parameter else 0,
            verdicts=((verdict, 1),),
            partial=int(parameter.partial) if parameter else 0,
            pruned=verdict is Verdict.CUT,
            stub=is_stub,
            marked=(node.name,) if parameter else (),
        )

    def _is_stub(self, node: Node, edge: Edge) -> bool:
        """Say whether a tensor is drawn again where an edge ends or begins.

        One with many uses is, at each. One that was made of others has a box where their lines end,
        and is drawn again where it was used before that.
        """
        if not self._flow.into[node.index]:
            return len(self._flow.out[node.index]) > SHARED_USES
        if node.index not in self._makers:
            self._makers[node.index] = set(self._graph.before([node.index]))
        return edge.source == node.index and edge.target in self._makers[node.index]
