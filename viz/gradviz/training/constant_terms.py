"""Terms of a loss that depend on parameters, and that backward() takes for constants: they move nothing. Pure, on the graph of a loss.

From the loss back through sums, means and constant factors lie its terms. A term is constant where its value is severed from every
parameter that it depends on, while another term is alive. What is severed on purpose is told apart by what else becomes of the value:
a straight-through estimator adds to a live value a difference that is made of it; a shift that is taken out of the logarithm is also in
it; a target goes into a distance, which is no sum.
"""

import re
from collections.abc import Callable, Iterable

from gradviz.graph import Edge, Graph, NodeKind, Place, Verdict
from gradviz.training.facts import ConstantTerm

_ADDS = frozenset(("add", "sub", "rsub", "stack", "cat"))  # those of several values
_HANDS_ON = frozenset(
    (
        "sum",
        "mean",
        "neg",
        "view",
        "reshape",
        "squeeze",
        "unsqueeze",
        "expand",
        "alias",
        "clone",
        "to",
        "to_copy",
        "select",
        "unbind",
        "item",
    )
)
_FACTORS = frozenset(("mul", "div"))
_UNDERIVABLE = "NotImplemented"  # what torch calls such a node
_VALUES = re.compile(r"Backward\d*$")


def find_constant_terms(graph: Graph) -> tuple[ConstantTerm, ...]:
    """Return the constant terms of the loss that a graph ends in, those severed at one line as one."""
    if not graph.nodes:
        return ()
    terms = _Terms(graph)
    found: dict[Place | None, list[str]] = {}
    for index in terms.dead():
        names = terms.parameters_behind(index)
        if names and not terms.is_meant(index):
            place = terms.severed_at(index)
            found.setdefault(place, []).extend(name for name in names if name not in found.get(place, ()))
    return tuple(ConstantTerm(tuple(names), place) for place, names in found.items())


def find_underivable(graph: Graph) -> tuple[ConstantTerm, ...]:
    """Return the operations that gradient is to pass and that torch has no derivative for, with the parameters behind them."""
    wanted = [node for node in graph.nodes if node.operation == _UNDERIVABLE]
    if not wanted:
        return ()
    terms = _Terms(graph)
    return tuple(
        ConstantTerm(tuple(terms.parameters_behind(node.index)), node.caller or node.place) for node in wanted if node.index in terms.alive
    )


def plain(operation: str) -> str:
    """Return the name of an operation: ``"add"`` for ``"AddBackward0"``, ``"add_"`` and ``"add()"``."""
    name = _VALUES.sub("", operation).removesuffix("()")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")


class _Terms:
    def __init__(self, graph: Graph) -> None:
        self._nodes = graph.nodes
        self._into: dict[int, list[Edge]] = {}
        self._from: dict[int, list[Edge]] = {}
        for edge in graph.edges:
            self._into.setdefault(edge.target, []).append(edge)
            self._from.setdefault(edge.source, []).append(edge)
        self.alive = self._closure([0], lambda edge: edge.gradient)

    def dead(self) -> list[int]:
        """Return the nodes that go into the sum that the loss is, and through which no gradient passes."""
        found: list[int] = []
        summing, queue = {0}, [0]
        while queue:
            index = queue.pop(0)
            for edge in self._into.get(index, ()):
                if not edge.gradient and plain(self._nodes[index].operation) in _ADDS:
                    found.append(edge.source)
                elif edge.gradient and edge.source not in summing and self._hands_on(edge.source):
                    if all(other.target in summing for other in self._from[edge.source]):  # else it is more than a term
                        summing.add(edge.source)
                        queue.append(edge.source)
        return list(dict.fromkeys(found))

    def _hands_on(self, index: int) -> bool:
        """Say whether what goes into a node are terms of what comes out: it adds, or changes nothing but a constant factor."""
        node = self._nodes[index]
        name = plain(node.operation)
        if name in _FACTORS:
            return len(self._into.get(index, ())) == 1  # the other factor is a number
        return node.kind is NodeKind.OPERATION and (name in _ADDS or name in _HANDS_ON)

    def parameters_behind(self, index: int) -> list[str]:
        """Return the parameters that a dead value depends on, which would train were it alive."""
        behind = self._closure([index], lambda edge: True)
        nodes = [self._nodes[each] for each in sorted(behind)]
        return [
            each.name for each in nodes if each.kind is NodeKind.PARAMETER and each.requires_grad and each.verdict is not Verdict.FROZEN
        ]

    def is_meant(self, index: int) -> bool:
        """Say whether what was severed has another use in what is alive."""
        dead = self._closure([index], lambda edge: not self._severs(edge))
        for each in dead:
            for edge in self._from.get(each, ()):
                if edge.target in self.alive and edge.target not in dead and each != index:
                    return True
        if sum(edge.target in self.alive for edge in self._from.get(index, ())) > 1:
            return True
        taken = {edge.source for each in dead for edge in self._into.get(each, ()) if self._severs(edge)}
        return bool(taken & self._live_terms())

    def _live_terms(self) -> set[int]:
        """Return what the terms that are alive are made of, without what is behind these."""
        found: set[int] = set()
        stack, seen = [0], {0}
        while stack:
            index = stack.pop()
            for edge in self._into.get(index, ()):
                if edge.gradient and edge.source not in seen:
                    seen.add(edge.source)
                    found.add(edge.source)
                    if self._hands_on(edge.source):
                        stack.append(edge.source)
        return found

    def severed_at(self, index: int) -> Place | None:
        """Return the line that severs a dead value, the one nearest to the loss."""
        seen, queue = {index}, [index]
        while queue:
            here = queue.pop(0)
            node = self._nodes[here]
            if node.severs is not None or any(edge.severed for edge in self._into.get(here, ())):
                return node.caller or node.place
            for edge in self._into.get(here, ()):
                if edge.source not in seen:
                    seen.add(edge.source)
                    queue.append(edge.source)
        return self._nodes[index].place

    def _severs(self, edge: Edge) -> bool:
        return edge.severed is not None

    def _closure(self, starts: Iterable[int], through: Callable[[Edge], bool]) -> set[int]:
        seen = set(starts)
        stack = list(seen)
        while stack:
            for edge in self._into.get(stack.pop(), ()):
                if edge.source not in seen and through(edge):
                    seen.add(edge.source)
                    stack.append(edge.source)
        return seen
