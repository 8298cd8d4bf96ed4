"""What is written behind autograd's back, and what only looks so."""

import torch
from torch import nn

import gradviz


class Assign(torch.autograd.Function):
    """Writes into a scratch tensor and hands it on, as the solvers of differential equations do."""

    @staticmethod
    def forward(ctx, scratch, value, index, factors):
        ctx.index = index
        scratch.data[index] = value * factors[0]
        return scratch

    @staticmethod
    def backward(ctx, grad):
        return grad, grad[ctx.index], None, None


def filled(layer, factor):
    rows = torch.empty(3, 2)
    rows = Assign.apply(rows, layer(torch.ones(3)), (..., 0), (factor,))
    return Assign.apply(rows, layer(torch.zeros(3)), (..., 1), (factor,))


def test_scratch_writes_of_a_custom_function_sever_nothing():
    layer = nn.Linear(3, 3)
    with gradviz.trace() as trace:
        loss = filled(layer, torch.ones(())).sum()
    report = trace.report(loss, layer)
    assert not report.cuts
    assert not any(one.partial for one in report.parameters.values())


def test_what_a_custom_function_reads_from_a_tuple_is_captured_and_to_be_handed_to_apply():
    layer, factor = nn.Linear(3, 3), nn.Parameter(torch.ones(()))
    with gradviz.trace() as trace:
        loss = filled(layer, factor).sum()
    report = trace.report(loss, {"layer": layer, "factor": factor})
    assert str(report.parameters["factor"].verdict) == "cut"
    assert all(cut.captured for cut in report.parameters["factor"].cuts)
    assert not report.parameters["layer.weight"].partial
    assert "Hand the tensor to apply()" in str(report)


def test_a_write_through_data_is_seen_in_a_view_that_was_taken_without_grad():
    for read in (lambda t: t[1] * 2, lambda t: t.view(9)[:3] * 2, lambda t: t.T[0] + 1):
        weight, gain = nn.Parameter(torch.rand(3)), nn.Parameter(torch.rand(3))
        with gradviz.trace() as trace:
            t = weight * torch.ones(3, 3)
            t.data.mul_(gain)
            with torch.no_grad():
                seen = read(t)
            loss = (weight * seen).sum()
        report = trace.report(loss, {"weight": weight, "gain": gain})
        assert str(report.parameters["gain"].verdict) == "cut"
        assert [cut.code for cut in report.parameters["gain"].cuts] == ["t.data.mul_(gain)"]
