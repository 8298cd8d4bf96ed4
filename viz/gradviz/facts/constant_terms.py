"""Terms of a loss that depend on parameters, and that backward() takes for constants.

They move nothing. Pure, on the graph of a loss.

From the loss back through sums, means and constant factors lie its terms. A term is constant where
its value is severed from every parameter that it depends on, while another term is alive. What is
severed on purpose is told apart by what else becomes of the value: a straight-through estimator
adds to a live value a difference that is made of it; a shift that is taken out of the logarithm is
also in it; a target goes into a distance, which is no sum.
"""

import re
from collections.abc import Collection, Mapping

from gradviz.facts.evidence import ConstantTerm
from gradviz.graph import Graph, NodeKind, Parameter, Place, Verdict
from gradviz.system.walk import walk

_ADDS = frozenset(("add", "sub", "rsub", "stack", "cat"))  # those of several values
_HANDS_ON = frozenset(
    "sum mean neg view reshape squeeze unsqueeze expand alias clone to to_copy select unbind"
    " item".split()
)
_FACTORS = frozenset(("mul", "div"))
_UNDERIVABLE = "NotImplemented"  # what torch calls such a node
_VALUES = re.compile(r"Backward\d*$")


def find_constant_terms(
    graph: Graph, held: Collection[str] | None = None
) -> tuple[ConstantTerm, ...]:
    """Return the constant terms of the loss that a graph ends in, those severed at
    one line as one.

    Args:
        graph: Of a loss.
        held: Names of the parameters that optimizers hold; None where these are not known. What
            none holds, as a teacher, was not to be moved.
    """
    if not any(edge.severed for edge in graph.edges):
        return ()
    terms = _Terms(graph)
    by_line: dict[Place | None, list[str]] = {}
    for index in terms.dead:
        names = [name for name in parameters_behind(graph, index) if held is None or name in held]
        if names and not terms.is_meant(index):
            lost = terms.lost(names)  # what else it is made of may be meant to take no part
            names = lost if held is not None and lost else names
            at_line = by_line.setdefault(terms.severed_at(index, lost or names), [])
            at_line.extend(name for name in names if name not in at_line)
    return tuple(ConstantTerm(tuple(names), place) for place, names in by_line.items())


def held_of(parameters: Mapping[str, Parameter]) -> frozenset[str] | None:
    """Return the names of those that optimizers hold; None where no optimizer is known."""
    if all(parameter.optimized is None for parameter in parameters.values()):
        return None
    return frozenset(name for name, own in parameters.items() if own.optimized)


def find_underivable(graph: Graph) -> tuple[ConstantTerm, ...]:
    """Return the operations that gradient is to pass and that torch has no derivative for, with the
    parameters behind them.
    """
    wanted = [node for node in graph.nodes if node.operation == _UNDERIVABLE]
    alive = graph.before([0], lambda edge: edge.gradient) if wanted else set()
    return tuple(
        ConstantTerm(tuple(parameters_behind(graph, node.index)), node.caller or node.place)
        for node in wanted
        if node.index in alive
    )


def parameters_behind(graph: Graph, index: int) -> list[str]:
    """Return the parameters that a value depends on and that are not frozen, in the order of the
    graph.
    """
    nodes = [graph.nodes[source] for source in sorted(graph.before([index]))]
    return [
        node.name
        for node in nodes
        if node.kind is NodeKind.PARAMETER
        and node.requires_grad
        and node.verdict is not Verdict.FROZEN
    ]


def plain(operation: str) -> str:
    """Return the name of an operation.

    ``"add"`` for ``"AddBackward0"``, ``"add_"`` and ``"add()"``.
    """
    name = _VALUES.sub("", operation).removesuffix("()")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")


class _Terms:
    """The terms of one loss.

    Attributes:
        dead: The values that go into its sum and that no gradient passes.
        live: The values that go into it and that gradient passes; sums of them too.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._alive = graph.before([0], lambda edge: edge.gradient)
        self.live: set[int] = set()
        self.dead = self._split()

    def _split(self) -> list[int]:
        dead: list[int] = []
        summing, queue = {0}, [0]
        while queue:
            index = queue.pop(0)
            adds = plain(self._graph.nodes[index].operation) in _ADDS
            for edge in self._graph.into[index]:
                if edge.gradient:
                    self.live.add(edge.source)
                    # Else it is more than a term
                    only = all(other.target in summing for other in self._graph.out[edge.source])
                    if only and edge.source not in summing and self._hands_on(edge.source):
                        summing.add(edge.source)
                        queue.append(edge.source)
                elif adds:
                    dead.append(edge.source)
        return list(dict.fromkeys(dead))

    def _hands_on(self, index: int) -> bool:
        """Say whether what goes into a node are terms of what comes out.

        It adds, or changes nothing but a constant factor.
        """
        node = self._graph.nodes[index]
        name = plain(node.operation)
        if name in _FACTORS:
            return len(self._graph.into[index]) == 1  # the other factor is a number
        return node.kind is NodeKind.OPERATION and (name in _ADDS or name in _HANDS_ON)

    def is_meant(self, index: int) -> bool:
        """Say whether all that was severed has a use beside this term, or is made of another term
        by adding to it.
        """
        within = self._graph.before([index], lambda edge: edge.severed is None)
        into_live = [
            edge.source
            for edge in self._graph.edges
            if edge.target in self._alive and not edge.gradient
        ]
        others = [node for node in into_live if node not in self.dead]
        if into_live.count(index) > 1:
            others.append(index)
        used = self._graph.before(others, lambda edge: edge.severed is None)
        severed = {node for node in within if any(edge.severed for edge in self._graph.into[node])}
        if severed and severed <= used:
            return True
        taken = [
            edge.source
            for node in within
            for edge in self._graph.into[node]
            if edge.severed is not None
        ]
        return not self.live.isdisjoint(self._added(taken))

    def _added(self, starts: list[int]) -> set[int]:
        """Return some values and what they are sums of."""
        return self._graph.before(starts, lambda edge: self._hands_on(edge.target))

    def lost(self, names: Collection[str]) -> list[str]:
        """Return those of some parameters that all gradient is taken from."""
        nodes = self._graph.nodes
        return [own.name for own in nodes if own.name in names and own.verdict is Verdict.CUT]

    def severed_at(self, index: int, names: Collection[str]) -> Place | None:
        """Return the line that severs a dead value from parameters, the one nearest to the loss: of
        several routes from what all gradient is taken from, that of the first cut.
        """
        nodes, into = self._graph.nodes, self._graph.into
        before = walk([index], lambda at: (edge.source for edge in into[at]), nearest=True)
        routes = self._graph.after({node.index for node in nodes if node.name in names})
        severing = [
            at
            for at in before
            if (nodes[at].severs is not None and at in routes)
            or any(edge.severed and edge.source in routes for edge in into[at])
        ]
        numbers = {
            edge.cut: at
            for at in severing
            for edge in into[at]
            if edge.cut is not None and edge.source in routes
        }
        is_lost = bool(numbers) and bool(self.lost(names))
        behind = self._graph.after([numbers[min(numbers)]]) if is_lost else None
        first = next((at for at in severing if behind is None or at in behind), index)
        return nodes[first].caller or nodes[first].place
