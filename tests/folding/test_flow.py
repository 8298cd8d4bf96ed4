"""What follows from the edges of a graph, on graphs built by hand."""

import pytest
import torch
from graphs import Builder
from torch import Tensor, nn
from torch.nn.functional import relu

import gradviz
from gradviz.folding.flow import Flow, Passing, zero_nodes
from gradviz.folding.whole import whole
from gradviz.graph import Cut, CutKind, Edge, Graph, Place, Verdict, Zero
from gradviz.reports import Report


@pytest.fixture
def net():
    return Builder()


def flow(net):
    report = net.report()
    return Flow(report.graph, report.parameters)


def ways(net):
    """Return what passes along each edge, by its ends."""
    result = flow(net)
    return {(edge.source, edge.target): result.way(edge) for edge in result.edges}


def test_a_node_is_as_far_from_the_loss_as_its_longest_way(net):
    near = net.operation("AddBackward0", net.loss)
    middle = net.operation("MulBackward0", near)
    far = net.operation("ExpBackward0", middle)
    net.edge(far, near)
    assert flow(net).distance == [0, 1, 2, 3]


def test_gradient_passes_where_nothing_severs(net):
    near = net.operation("AddBackward0", net.loss)
    net.parameter("w", near)
    assert ways(net) == {(1, 0): Passing.GRADIENT, (2, 1): Passing.GRADIENT}


def test_the_value_of_a_frozen_parameter_passes_as_frozen(net):
    near = net.operation("AddBackward0", net.loss)
    net.parameter("w", near, Verdict.FROZEN)
    assert ways(net)[2, 1] is Passing.FROZEN


def test_a_value_that_needs_no_gradient_passes_as_a_value(net):
    near = net.operation("AddBackward0", net.loss)
    net.operation("arange", near, gradient=False, requires_grad=False)
    assert ways(net)[2, 1] is Passing.VALUE


@pytest.fixture
def cut_net(net):
    """detach (2) between the sum (1) and the product (3), which uses a parameter (4)."""

    near = net.operation("SumBackward0", net.loss)
    net.cuts.append(Cut(kind=CutKind.DETACH, operation="detach()"))
    cut = net.operation("detach", near, gradient=False, requires_grad=False, severs=CutKind.DETACH)
    product = net.operation("MulBackward0", cut, pruned=True, gradient=False)
    net.edges[-1] = Edge(source=product, target=cut, gradient=False, severed=CutKind.DETACH, cut=0)
    net.parameter("w", product, Verdict.CUT, cut=0)
    return net


def test_a_node_that_severs_stands_for_its_cut(cut_net):
    result = flow(cut_net)
    assert result.cut_nodes == {2: (0,)}
    assert result.cut_edges == {}


def test_behind_a_cut_everything_is_pruned(cut_net):
    assert ways(cut_net) == {
        (1, 0): Passing.GRADIENT,
        (2, 1): Passing.SEVERED,
        (3, 2): Passing.PRUNED,
        (4, 3): Passing.PRUNED,
    }
    assert flow(cut_net).pruned == [False, False, False, True, True]


def test_what_wants_no_gradient_goes_with_what_uses_it(cut_net):
    cut_net.operation("arange", 3, gradient=False, requires_grad=False)
    assert flow(cut_net).pruned[-1]
    cut_net.edge(5, 1, gradient=False)
    assert not flow(cut_net).pruned[-1]


def block_net(net):
    """Two operations of one no_grad block (2, 3), of which the second is fed by a product (4)."""

    near = net.operation("SumBackward0", net.loss)
    net.cuts.append(Cut(kind=CutKind.NO_GRAD, operation="torch.no_grad()"))
    inside = {"gradient": False, "requires_grad": False, "severs": CutKind.NO_GRAD}
    last = net.operation("mul", near, **inside)
    first = net.operation("exp", last, **inside)
    product = net.operation("MulBackward0", first, pruned=True)
    net.edges[-1] = Edge(
        source=product, target=first, gradient=False, severed=CutKind.NO_GRAD, cut=0
    )
    return net


def test_a_block_is_marked_where_a_value_leaves_it(net):
    result = flow(block_net(net))
    assert result.cut_nodes == {}
    ((edge, cuts),) = result.cut_edges.items()
    assert (edge.source, edge.target, cuts) == (2, 1, (0,))
    assert result.marked(edge).index == 2


def test_a_cut_without_a_node_of_its_own_is_marked_on_its_edge(net):

    near = net.operation("SumBackward0", net.loss)
    net.cuts.append(Cut(kind=CutKind.HOOK, operation="hook"))
    far = net.operation("MulBackward0", near, pruned=True)
    net.edges[-1] = Edge(source=far, target=near, gradient=False, severed=CutKind.HOOK, cut=0)
    result = flow(net)
    ((edge, cuts),) = result.cut_edges.items()
    assert (edge.source, cuts) == (far, (0,))
    assert result.marked(edge).index == near


class Collapsed(nn.Module):
    """A decoder that has stopped to read the code; its bias alone goes on learning."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.code = nn.Linear(3, 3), nn.Linear(3, 2)
        self.decoder = nn.Linear(2, 3)
        nn.init.zeros_(self.decoder.weight)

    def forward(self, x: Tensor) -> Tensor:
        code = self.code(torch.tanh(self.encoder(x)))
        out: Tensor = self.decoder(code)
        return out


def report_on(model: nn.Module, loss: Tensor, trace: "gradviz.Trace", **options: bool) -> Report:
    loss.backward()
    return trace.report(loss, model, **options)


def zero_operations(graph: Graph, report: Report) -> set[str]:
    zero = zero_nodes(graph, report.parameters)
    return {graph.nodes[index].operation for index in zero if graph.nodes[index].operation}


def collapsed(*, values: bool = False) -> Report:
    torch.manual_seed(0)
    model = Collapsed()
    with gradviz.trace(values=values) as trace:
        loss = model(torch.randn(4, 3)).square().sum() + model.decoder.bias.sum()
        return report_on(model, loss, trace)


def test_what_lies_behind_the_operation_that_makes_zeros_gets_zeros() -> None:
    report = collapsed()
    assert zero_operations(report.graph, report) == {
        "AddmmBackward0",
        "TanhBackward0",
        "TBackward0",
    }
    ways = {str(link.way) for link in whole(report.graph, report.parameters).links}
    assert ways == {"gradient", "zero"}


def test_from_the_loss_to_where_the_zeros_begin_gradient_flows() -> None:
    report = collapsed()
    zero = zero_nodes(report.graph, report.parameters)
    begins = next(
        node
        for node in report.graph.nodes
        if node.operation == "AddmmBackward0" and node.scope == "decoder"
    )
    assert begins.index not in zero
    assert 0 not in zero


def test_the_measured_values_and_the_reason_name_the_same_nodes() -> None:
    measured = collapsed(values=True)
    assert any(node.incoming for node in measured.graph.nodes)
    without = collapsed()
    assert zero_nodes(measured.graph, measured.parameters) == zero_nodes(
        without.graph, without.parameters
    )


def test_units_that_are_all_dead_hand_on_zeros() -> None:
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    nn.init.constant_(model[0].bias, -100)
    with gradviz.trace() as trace:
        report = report_on(model, model(torch.ones(3, 2)).sum(), trace)
    zero = zero_nodes(report.graph, report.parameters)
    names = {
        report.graph.nodes[index].name or report.graph.nodes[index].operation for index in zero
    }
    assert {"0.weight", "0.bias", "AddmmBackward0"} <= names
    assert "ReluBackward0" not in names


def test_a_healthy_step_has_no_zeros() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    with gradviz.trace() as trace:
        report = report_on(model, model(torch.randn(3, 2)).sum(), trace)
    assert zero_nodes(report.graph, report.parameters) == set()


def test_a_value_that_also_leads_to_a_live_parameter_is_not_said_to_get_zeros() -> None:
    torch.manual_seed(0)
    live, dead = nn.Linear(2, 2), nn.Linear(2, 2)
    nn.init.constant_(dead.bias, -100)
    model = nn.ModuleList([live, dead])
    with gradviz.trace() as trace:
        x = torch.randn(3, 2)
        report = report_on(model, (live(x) + relu(dead(x))).sum(), trace)
    zero = zero_nodes(report.graph, report.parameters)
    names = {report.graph.nodes[index].name for index in zero} - {""}
    assert names == {"1.weight", "1.bias"}
    assert zero_operations(report.graph, report) <= {"AddmmBackward0", "TBackward0"}


def test_a_backward_that_begins_with_zeros_is_zero_from_the_loss_on() -> None:
    model = nn.Linear(2, 1)
    with gradviz.trace() as trace:
        loss = model(torch.ones(1, 2)).sum()
        loss.backward(torch.zeros(()))
        report = trace.report(loss, model)
    assert {str(link.way) for link in whole(report.graph, report.parameters).links} == {"zero"}


def test_a_zero_begins_where_gradient_passes_and_not_at_the_same_line_behind_a_cut(net):
    place = Place("net.py", 5)
    near = net.operation("MulBackward0", net.loss)
    other = net.operation("ReluBackward0", near, place=place)
    severed = net.operation("MmBackward0", other)
    net.parameter("v", severed)
    begins = net.operation("ReluBackward0", near, place=place)
    behind = net.operation("ExpBackward0", begins)
    zero = Zero(operation="relu", why="", place=place)
    net.parameter("w", behind, Verdict.ZERO, zero=zero)
    net.cuts.append(Cut(kind=CutKind.HOOK, operation="hook"))
    net.edges.append(
        Edge(source=behind, target=severed, gradient=False, severed=CutKind.HOOK, cut=0)
    )
    report = net.report()
    zeros = zero_nodes(report.graph, report.parameters)
    assert {report.graph.nodes[index].operation for index in zeros} == {"ExpBackward0", ""}
