"""What is written into memory belongs to whoever reads it, and to nobody else."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from traced import Net, X, cut, report_of, verdict

import gradviz
from gradviz.causes.raised import changed_at
from gradviz.graph import CutKind, Verdict
from gradviz.recording.rules.in_place import Argument, statistics_of, targets, written_arguments


def test_a_write_with_history_passes_gradient():
    def step(net):
        out = torch.zeros(4, 3)
        out[:] = net.first(X)
        out.mul_(2)
        return net.last(out).sum()

    assert verdict(report_of(step)) is Verdict.REACHED


def test_a_write_without_history_is_cut_at_its_line():
    def step(net):
        out, hidden = torch.zeros(4, 3), net.first(X)
        with torch.no_grad():
            out.copy_(hidden)
        return net.last(out).sum()

    found = cut(report_of(step))
    assert (found.kind, found.code) == (CutKind.COPY_UNDER_NO_GRAD, "out.copy_(hidden)")


def test_what_is_overwritten_is_gone():
    def step(net):
        out = torch.zeros(4, 3)
        with torch.no_grad():
            out.copy_(net.first(X))
            out.zero_()
        return net.last(out).sum()

    assert verdict(report_of(step)) is Verdict.UNUSED


def test_a_part_that_is_not_read_is_not_used():
    def step(net):
        out = torch.zeros(8, 3)
        with torch.no_grad():
            out[:4] = net.first(X)
        return net.last(out[4:]).sum()

    assert verdict(report_of(step)) is Verdict.UNUSED


def test_running_statistics_are_written_and_the_norm_passes_gradient():
    norm = nn.BatchNorm1d(3)
    report = report_of(lambda net: net.last(norm(net.first(X))).square().mean())
    assert verdict(report) is Verdict.REACHED
    assert not report.cuts


def test_the_result_of_out_is_what_was_written():
    def step(net):
        out, hidden = torch.zeros(4, 3), net.first(X)
        with torch.no_grad():
            torch.mul(hidden, 2, out=out)
        return net.last(out).sum()

    assert cut(report_of(step)).kind is CutKind.COPY_UNDER_NO_GRAD


MEAN, VARIANCE, X_beside = torch.zeros(3), torch.ones(3), torch.ones(2, 3)


@pytest.mark.parametrize(
    ("args", "kwargs", "writes"),
    [
        ((X_beside, MEAN, VARIANCE), {"training": True}, True),
        ((X_beside, MEAN, VARIANCE), {}, False),
        ((X_beside, MEAN, VARIANCE, None, None, True), {}, True),
        ((X_beside, None, None), {"training": True}, False),
    ],
)
def test_batch_norm_writes_its_statistics_in_training_alone(args, kwargs, writes):
    statistics = statistics_of(F.batch_norm, "batch_norm")
    written = statistics.written(args, kwargs)
    assert [*map(id, written)] == ([id(MEAN), id(VARIANCE)] if writes else [])


def test_what_is_left_of_the_arguments_has_no_buffer():
    args, kwargs = statistics_of(F.batch_norm, "batch_norm").without(
        (X_beside, MEAN, VARIANCE), {"a": 1}
    )
    assert args[0] is X_beside
    assert args[1:] == (None, None)
    assert kwargs == {"a": 1}


def test_torch_s_own_norm_takes_weight_and_bias_first():
    statistics = statistics_of(torch.batch_norm, "batch_norm")
    args = (X_beside, None, None, MEAN, VARIANCE, True, 0.1, 1e-5, False)
    assert [*map(id, statistics.written(args, {}))] == [id(MEAN), id(VARIANCE)]


def test_a_function_without_statistics_has_none():
    assert statistics_of(torch.relu, "relu") is None
    assert statistics_of(F.layer_norm, "layer_norm") is None


def test_an_operator_s_schema_says_what_it_writes():
    written = written_arguments(torch.ops.aten.add_.Tensor)
    assert [argument.position for argument in written] == [0]
    assert written_arguments(torch.ops.aten.add.Tensor) == ()


def test_what_a_call_gives_for_an_argument_may_be_a_list():
    first, second = torch.zeros(1), torch.zeros(1)
    found = targets((Argument(0, "self"), Argument(3, "more")), ([first, 2],), {"more": second})
    assert [*map(id, found)] == [id(first), id(second)]


def test_running_statistics_that_are_read_are_cut_where_the_norm_wrote_them():
    def step(net):
        norm = nn.BatchNorm1d(3)
        norm(net.first(X))
        return net.last(X * norm.running_mean).square().mean()

    assert cut(report_of(step)).kind is CutKind.COPY_UNDER_NO_GRAD


def test_a_function_that_was_asked_to_write_in_place_is_the_line_that_made_a_backward_raise():
    with gradviz.trace() as trace:
        net = Net()
        probability = torch.sigmoid(net.first(X))
        F.relu(probability, inplace=True)
        loss = net.last(probability).sum()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()
    assert changed_at(trace.report(loss, net).notes).code == "F.relu(probability, inplace=True)"


def test_what_a_step_writes_severs_nothing():
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, foreach=False)
    with gradviz.trace() as trace:
        for _ in range(3):
            loss = net.last(net.first(X)).square().mean()
            loss.backward()
            optimizer.step()
    report = trace.report(loss, net)
    assert verdict(report) is Verdict.REACHED
    assert (report.cuts, report.notes) == ((), ())
