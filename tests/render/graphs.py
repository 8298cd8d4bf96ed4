"""Reports built by hand, as the analysis would give them.

The article's net under every freeze strategy, and odd ones.
"""

from dataclasses import replace
from random import Random
from typing import Any

from gradviz.facts.parameters import Parameters
from gradviz.folding.boxes import View
from gradviz.graph import (
    Cut,
    CutKind,
    Edge,
    Graph,
    Leaf,
    Node,
    NodeKind,
    Parameter,
    Place,
    Verdict,
    Zero,
)
from gradviz.render.scene import scene
from gradviz.render.sketch import Sketch
from gradviz.reports import Report

SIZES = {
    "f1.weight": (2, 1),
    "f1.bias": (2,),
    "f2.weight": (3, 2),
    "f2.bias": (3,),
    "f3.weight": (2, 3),
    "f3.bias": (2,),
}
ARTICLE = "/home/someone/net/article.py"


class Builder:
    """Collects nodes and edges; ``node`` returns the index of what it added."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.cuts: list[Cut] = []
        self.parameters: dict[str, Parameter] = {}
        self.loss = self.node(kind=NodeKind.LOSS, name="loss", shape=())

    def node(self, **fields: object) -> int:
        self.nodes.append(Node(index=len(self.nodes), **fields))  # type: ignore[arg-type]
        return len(self.nodes) - 1

    def operation(
        self,
        name: str,
        target: int,
        *,
        scope: str = "",
        pruned: bool = False,
        gradient: bool = True,
        **fields: object,
    ) -> int:
        index = self.node(
            kind=NodeKind.OPERATION, operation=name, scope=scope, pruned=pruned, **fields
        )
        self.edge(index, target, gradient=gradient)
        return index

    def edge(self, source: int, target: int, **fields: object) -> None:
        self.edges.append(Edge(source=source, target=target, **fields))  # type: ignore[arg-type]

    def parameter(
        self,
        name: str,
        target: int | None,
        verdict: Verdict = Verdict.REACHED,
        *,
        shape: tuple[int, ...] = (),
        severed: CutKind | None = None,
        cut: int | None = None,
        **fields: object,
    ) -> None:
        if name not in self.parameters:
            cuts = (self.cuts[cut],) if cut is not None else ()
            self.parameters[name] = Parameter(
                name=name, names=(name,), shape=shape, numel=1, verdict=verdict, cuts=cuts, **fields
            )  # type: ignore[arg-type]
        if target is None:
            return
        known = [
            node.index
            for node in self.nodes
            if node.kind is NodeKind.PARAMETER and node.name == name
        ]
        index = (
            known[0]
            if known
            else self.node(
                kind=NodeKind.PARAMETER,
                name=name,
                shape=shape,
                verdict=verdict,
                # As the analysis marks whatever gradient does not reach
                pruned=verdict in (Verdict.CUT, Verdict.FROZEN),
            )
        )
        alive = severed is None and verdict is not Verdict.FROZEN
        self.edge(index, target, gradient=alive, severed=severed, cut=cut if severed else None)

    def report(self, order: tuple[str, ...] | None = None, **fields: object) -> Report:
        parameters = Parameters(tuple(self.parameters[name] for name in order or self.parameters))
        cuts = tuple(
            replace(
                cut,
                parameters=tuple(
                    name for name, parameter in parameters.items() if cut in parameter.cuts
                ),
            )
            for cut in self.cuts
        )
        parameters = Parameters(
            tuple(
                replace(p, cuts=tuple(cuts[self.cuts.index(cut)] for cut in p.cuts))
                for p in parameters.values()
            )
        )
        graph = Graph(
            tuple(self.nodes),
            tuple(sorted(self.edges, key=lambda edge: (edge.source, edge.target))),
        )
        return Report(parameters=parameters, cuts=cuts, graph=graph, torch="2.13.0", **fields)  # type: ignore[arg-type]


def _linear(net: Builder, layer: str, target: int, verdict: Verdict, **fields: object) -> int:
    """What autograd records of a Linear layer, whose parameters all have ``verdict``.

    Returns the operation.
    """
    pruned = verdict is Verdict.CUT
    addmm = net.operation("AddmmBackward0", target, scope=layer, pruned=pruned)
    net.parameter(f"{layer}.bias", addmm, verdict, shape=SIZES[f"{layer}.bias"], **fields)  # type: ignore[arg-type]
    into = (
        addmm
        if verdict is Verdict.FROZEN
        else net.operation("TBackward0", addmm, scope=layer, pruned=pruned)
    )
    net.parameter(f"{layer}.weight", into, verdict, shape=SIZES[f"{layer}.weight"], **fields)  # type: ignore[arg-type]
    return addmm


def none() -> Report:
    """Return the article's net as it is."""
    net = Builder()
    into = net.operation("SumBackward0", net.loss)
    for layer in ("f3", "f2", "f1"):
        into = _linear(net, layer, into, Verdict.REACHED)
    return net.report(tuple(SIZES))


def frozen() -> Report:
    """Return the article's net with ``requires_grad_(False)`` on f2."""
    net = Builder()
    into = net.operation("SumBackward0", net.loss)
    into = _linear(net, "f3", into, Verdict.REACHED)
    into = _linear(net, "f2", into, Verdict.FROZEN)
    _linear(net, "f1", into, Verdict.REACHED)
    return net.report(tuple(SIZES))


def detached() -> Report:
    """Return the article's net with ``detach_()`` after f2."""
    net = Builder()
    net.cuts.append(
        Cut(kind=CutKind.DETACH_, operation="detach_()", file=ARTICLE, line=31, code="h.detach_()")
    )
    into = net.operation("SumBackward0", net.loss)
    into = _linear(net, "f3", into, Verdict.REACHED)
    place = Place(ARTICLE, 31, "h.detach_()")
    mark = net.operation(
        "detach_", into, gradient=False, requires_grad=False, severs=CutKind.DETACH_, place=place
    )
    into = _linear(net, "f2", mark, Verdict.CUT, cut=0)
    net.edges = [
        (
            replace(edge, gradient=False, severed=CutKind.DETACH_, cut=0)
            if (edge.source, edge.target) == (into, mark)
            else edge
        )
        for edge in net.edges
    ]
    _linear(net, "f1", into, Verdict.CUT, cut=0)
    return net.report(tuple(SIZES))


def without_grad() -> Report:
    """Return the article's net with f1 and f2 run under ``torch.no_grad()``."""
    net = Builder()
    net.cuts.append(
        Cut(
            kind=CutKind.NO_GRAD,
            operation="torch.no_grad()",
            file=ARTICLE,
            line=38,
            code="with torch.no_grad():",
        )
    )
    into = net.operation("SumBackward0", net.loss)
    into = _linear(net, "f3", into, Verdict.REACHED)
    for layer in ("f2", "f1"):
        into = net.operation(
            "linear",
            into,
            scope=layer,
            pruned=True,
            gradient=False,
            requires_grad=False,
            severs=CutKind.NO_GRAD,
            place=Place(ARTICLE, 39),
        )
        for kind in ("weight", "bias"):
            name = f"{layer}.{kind}"
            net.parameter(
                name, into, Verdict.CUT, shape=SIZES[name], severed=CutKind.NO_GRAD, cut=0
            )
    return net.report(tuple(SIZES))


ODD_NAMES = (
    'say "hi"',
    "two\nlines",
    "<b>bold</b> & <script>alert(1)</script>",
    "back\\slash\\n\\l\\N",
    "&lt;entity&gt;",
    "\u6f22\u5b57.\u30ab\u30bf\u30ab\u30ca",
    "e\u0301\u202eright to left\x00\x07",
    "\U0001f525\ud800",
    "]]>",
    "encoder.layers." * 8 + "weight",
    "",
    "123",
)


def oddly_named(names: tuple[str, ...] = ODD_NAMES) -> Report:
    """Return a net whose parameters, module and lines have names that no format likes."""
    net = Builder()
    into = net.operation('Odd "Backward" <0>\\n', net.loss, scope="<&>\n")
    for name in names:
        net.parameter(name, into, shape=(2,))
    return net.report()


def every_verdict() -> Report:
    """Return a net with every verdict, a partial parameter and a leaf outside the model."""
    net = Builder()
    net.cuts.append(
        Cut(
            kind=CutKind.ITEM,
            operation="item()",
            file="train.py",
            line=7,
            code="scale = gate.item()",
        )
    )
    add = net.operation("AddBackward0", net.loss)
    left = _linear(net, "f1", add, Verdict.REACHED)
    round_ = net.operation("RoundBackward0", left, scope="quantize")
    zero = Zero(operation="round", why="round is flat", place=Place("train.py", 9))
    net.parameter("codes", round_, Verdict.ZERO, shape=(4, 4), zero=zero)
    net.parameter("stem.weight", left, Verdict.FROZEN, shape=(2, 2))
    item = net.operation(
        "item",
        add,
        gradient=False,
        requires_grad=False,
        severs=CutKind.ITEM,
        place=Place("train.py", 7),
    )
    net.parameter("gate", item, Verdict.CUT, shape=(1,), severed=CutKind.ITEM, cut=0)
    net.parameters["shared"] = Parameter(
        name="shared",
        names=("shared",),
        shape=(3,),
        verdict=Verdict.REACHED,
        partial=True,
        cuts=(net.cuts[0],),
    )
    net.parameter("shared", add, shape=(3,))
    net.parameter("shared", item, shape=(3,), severed=CutKind.ITEM, cut=0)
    net.parameter("aux.weight", None, Verdict.UNUSED, shape=(9, 9))
    net.parameter("aux.bias", None, Verdict.UNUSED, shape=(9,))
    leaf = net.node(kind=NodeKind.LEAF, name="leaf (6, 6)", shape=(6, 6), verdict=Verdict.REACHED)
    net.edge(leaf, add)
    return net.report(unregistered=(Leaf(name="leaf (6, 6)", shape=(6, 6)),))


def recurrent(steps: int) -> Report:
    """Return an RNN whose two parameters are used in each of ``steps`` steps."""
    net = Builder()
    into = net.operation("SumBackward0", net.loss)
    for _ in range(steps):
        into = net.operation("TanhBackward0", into, scope="cell")
        net.parameter("cell.weight_ih", into, shape=(8, 8))
        net.parameter("cell.weight_hh", into, shape=(8, 8))
    return net.report()


def chain(length: int) -> Report:
    """Return ``length`` operations in a row with a parameter at the end."""
    net = Builder()
    into = net.loss
    for _ in range(length):
        into = net.operation("AddBackward0", into)
    net.parameter("weight", into, shape=(1,))
    return net.report()


def wild(seed: int) -> Report:
    """Operations of nested modules in no order at all, with lines that skip many of them.

    Without cycles.
    """
    choose = Random(seed)
    net = Builder()
    paths = ["", "a", "a.b", "a.b.c", "d", "d.0", "d.1", "d.2", "d.2.x", "e"][
        : choose.randint(1, 10)
    ]
    operations, scope = [net.loss], ""
    for _ in range(choose.choice((10, 40, 120, 400))):
        scope = choose.choice(paths) if choose.random() < 0.4 else scope
        into = choose.choice(operations[-choose.choice((1, 1, 3, 30)) :])
        if choose.random() < 0.3:
            name = f"{choose.choice(paths)}.w{choose.randint(0, 9)}".lstrip(".")
            net.parameter(
                name, into, choose.choice((Verdict.REACHED, Verdict.FROZEN, Verdict.ZERO))
            )
            continue
        made = net.operation(choose.choice(("Add", "Mul", "Relu")), into, scope=scope)
        for _ in range(choose.choice((0, 0, 1, 2))):
            net.edge(made, choose.choice(operations[-choose.choice((3, 40)) :]), gradient=True)
        operations.append(made)
    net.edges = list({(edge.source, edge.target): edge for edge in net.edges}.values())
    return net.report()


def empty() -> Report:
    """Return the report of nothing."""
    return Report()


ARTICLE_MODES = {"none": none, "requires-grad": frozen, "detach": detached, "no-grad": without_grad}


def unrolled(column: Any) -> list[Any]:
    """Return the values of a column of the page, which may be written as runs of equal ones."""
    if isinstance(column, list | tuple):
        return list(column)
    runs = column["runs"]
    return [value for value, times in zip(runs[::2], runs[1::2], strict=True) for _ in range(times)]


def whole_sketch(report: Report) -> Sketch:
    """The items and lines of a picture that shows every node."""
    return scene(report, View(budget=max(len(report.graph.nodes), 1))).sketch
