"""What is written behind autograd's back, and what only looks so."""

from dataclasses import dataclass

import torch
from torch import nn

import gradviz
from gradviz.recording.entries.places import Places
from gradviz.recording.entries.writes import Writes


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


@dataclass(eq=False)
class Range:
    low: int
    high: int
    serial: int
    family: object = None
    places: object = None


def spans(writes, low=0, high=1000):
    return sorted((write.low, write.high, write.serial) for write in writes.over(low, high))


def test_what_the_same_call_writes_side_by_side_is_one_write():
    writes = Writes()
    for row in range(50):
        writes.append(Range(row * 4, row * 4 + 4, 7))
    writes.append(Range(400, 404, 7))
    writes.append(Range(200, 204, 8))
    assert spans(writes) == [(0, 200, 7), (200, 204, 8), (400, 404, 7)]
    assert len(writes.by_serial[7]) == 2


def test_what_is_written_over_goes_out_of_a_write_that_has_grown():
    writes = Writes()
    for row in range(10):
        writes.append(Range(row * 4, row * 4 + 4, 7))
    for low, left in ((0, [(4, 40, 7)]), (36, [(4, 36, 7)]), (16, [(4, 16, 7), (20, 36, 7)])):
        writes.drop(Places(low, low + 4, 4))
        assert spans(writes) == left
    writes.drop(Places(0, 40, 40))
    assert not writes
    assert not spans(writes)


def test_a_row_that_was_written_over_with_data_is_of_the_parameter_no_more():
    gain, weight = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    for kept, verdict in ((3, "cut"), (4, "unused")):
        rows = torch.zeros(4, 2)
        with gradviz.trace() as trace:
            for row in range(4):
                with torch.no_grad():
                    rows[row] = gain * 2
            for row in range(kept):
                rows[row] = torch.ones(2)
            loss = (rows * weight).sum()
        report = trace.report(loss, {"gain": gain, "weight": weight})
        assert str(report.parameters["gain"].verdict) == verdict
