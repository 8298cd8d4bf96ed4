"""Which values get a gradient of zeros: real steps whose gradient is lost without a cut."""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

import gradviz
from gradviz.folding.whole import whole
from gradviz.folding.zeros import zero_nodes
from gradviz.graph import Graph
from gradviz.reports import Report


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
