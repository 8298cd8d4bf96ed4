"""What the user's own code may read inside a call of torch's is found by the code."""

import sys

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import gradviz
from gradviz.recording.unseen.inner_code import (
    InnerCode,
    of_elements,
    of_kernel,
    of_types_and_modes,
)

held = {}
library = torch.library.Library("gradviz_inner_code", "FRAGMENT")
library.define("scaled(Tensor x) -> Tensor")
library.impl("scaled", lambda x: x * held["net"].scale.detach(), "CPU")


def kernel(x):
    return x * held["net"].scale.detach()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.scale = nn.Linear(3, 2), nn.Parameter(torch.tensor(1.5))


class Doubled(Tensor):
    """A tensor whose class takes part in every call, and reads nothing of the model."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return super().__torch_function__(function, types, args, kwargs or {})


def by_a_subclass(net, x):
    class Scaled(Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            out = super().__torch_function__(function, types, args, kwargs or {})
            return out * net.scale.item() if function is torch.nn.functional.linear else out

    return net.layer(x.as_subclass(Scaled)).sum().as_subclass(Tensor)


class Dispatch(TorchDispatchMode):
    def __init__(self, scale=None):
        super().__init__()
        self.scale = scale

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        return out if self.scale is None else out * self.scale.detach()


def by_a_dispatch_mode(net, x):
    with Dispatch(net.scale):
        return net.layer(x).sum()


class Row:
    def __init__(self, net):
        self.net = net

    def __len__(self):
        return 2

    def __getitem__(self, place):
        if place > 1:
            raise IndexError
        return self.net.scale.item() * place


def by_the_elements_of_an_object(net, x):
    return (net.layer(x) * torch.tensor(Row(net))).sum()


def by_a_kernel_of_a_library(net, x):
    held["net"] = net
    return torch.ops.gradviz_inner_code.scaled(net.layer(x).detach()).sum() + net.layer(x).sum()


def by_nothing(net, x):
    with Dispatch():
        return net.layer(x.as_subclass(Doubled)).sum().as_subclass(Tensor)


def report_of(step):
    net = Net()
    with gradviz.trace() as trace:
        loss = step(net, torch.ones(4, 3))
    return trace.report(loss, net)


@pytest.mark.parametrize(
    "step",
    [
        by_a_subclass,
        by_a_dispatch_mode,
        by_the_elements_of_an_object,
        by_a_kernel_of_a_library,
    ],
)
def test_what_code_inside_a_call_may_have_read_is_not_surely_unused(step):
    scale = report_of(step).parameters["scale"]
    assert scale.verdict == "unused"
    assert scale.uncertain


def test_code_that_reads_no_parameter_leaves_all_certain():
    report = report_of(by_nothing)
    assert not report.parameters["scale"].uncertain
    assert report.parameters["layer.weight"].verdict == "reached"


def test_a_mode_that_was_entered_before_the_trace_runs_within():
    net = Net()

    class Scaled(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            return out * net.scale.item() if function is torch.nn.functional.linear else out

    with Scaled(), gradviz.trace() as trace:
        loss = net.layer(torch.ones(4, 3)).sum()
    assert trace.report(loss, net).parameters["scale"].uncertain


def test_only_code_of_the_users_own_is_looked_at():
    assert of_types_and_modes((Tensor, nn.Parameter)) == []
    assert of_types_and_modes((Doubled,)) == [Doubled.__torch_function__.__func__]
    assert of_elements([1.0, (2.0,)]) == []
    row = Row(None)
    assert of_elements([row]) == [Row.__getitem__, vars(row)]
    assert kernel in of_kernel(sys._getframe())


def test_a_line_that_calls_code_again_reads_nothing_new():
    net, code = Net(), InnerCode()
    frame = sys._getframe()
    assert {id(leaf) for leaf in code.may_read([vars(net)], frame)} == {*map(id, net.parameters())}
    for _ in range(2):
        again = code.may_read([kernel], frame)
    assert again == ()
    code.forget()
    assert code.may_read([vars(net)], frame)
