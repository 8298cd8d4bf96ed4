"""Which steps of a loss are those of one of torch's loss functions."""

import torch
import torch.nn.functional as F
from torch import nn

import gradviz


def traced(step):
    model = nn.Linear(3, 4)
    with gradviz.trace() as trace:
        loss = step(model(torch.ones(2, 3)))
    graph = trace.report(loss, model).graph
    return {node.operation: node.loss_function for node in graph.nodes if node.operation}


def test_each_step_of_a_loss_function_has_its_name_and_nothing_else_has():
    target = torch.tensor([0, 1])
    names = traced(lambda out: 2 * F.cross_entropy(out.tanh(), target, label_smoothing=0.1))
    assert names["NllLossBackward0"] == names["LogSoftmaxBackward0"] == "cross_entropy"
    assert names["TanhBackward0"] == names["AddmmBackward0"] == ""


def test_a_loss_that_is_a_module_has_the_name_of_its_class_whatever_it_is_called():
    def step(out):
        judge = nn.CrossEntropyLoss()
        return judge(
            out,
            torch.tensor([0, 1]),
        )

    assert traced(step)["NllLossBackward0"] == "CrossEntropyLoss"


def test_what_is_done_with_a_loss_on_its_line_is_no_step_of_it():
    names = traced(lambda out: F.cross_entropy(out, torch.tensor([0, 1])).exp().add(1))
    assert names["ExpBackward0"] == names["AddBackward0"] == ""


def test_a_loss_function_of_the_user_s_own_is_drawn_step_by_step():
    def my_loss(out):
        return out.pow(2).mean()

    assert set(traced(lambda out: my_loss(out)).values()) == {""}


def test_source_that_cannot_be_read_names_nothing():
    code = compile(
        "def step(out): return loss(out)\ndef loss(out): return out.sum()", "gone", "exec"
    )
    names = {}
    exec(code, names)
    assert set(traced(names["step"]).values()) == {""}
