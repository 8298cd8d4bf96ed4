"""A mode sees each torch call, and the user's call is what it was whatever becomes of the mode."""

import functools
import sys
from unittest import mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tapes import NoTouches
from traced import X, cut, report_of, verdict

import gradviz
from gradviz.graph import CutKind, Verdict
from gradviz.recording import mode as watching
from gradviz.recording.calls.rule import Rule
from gradviz.recording.mode import RecordingMode, original_of
from gradviz.recording.tape import Tape


@pytest.fixture
def mode():
    return RecordingMode(Tape(), NoTouches())


def test_what_severs_is_on_the_tape_and_what_passes_is_not(mode):
    x = torch.ones(2, requires_grad=True)
    with mode:
        y = x * 2
        z = y.detach()
    assert [call.name for call in mode.tape.calls.values()] == ["detach"]
    assert mode.tape.origin(z) is not None
    assert mode.tape.origin(y) is None


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rule_that_fails_ends_the_watching_and_not_the_call(mode, when):
    def fails(*args):
        raise ValueError("no")

    rule = Rule("relu", fails if when == "after" else lambda call: None, None)
    rule.before = fails if when == "before" else None
    mode._rules[torch.Tensor.relu] = rule
    with mode:
        assert torch.tensor([-1.0, 2.0]).relu().tolist() == [0.0, 2.0]
    assert mode.failure == "ValueError: no"


def test_what_the_user_s_call_raises_is_the_user_s(mode):
    with mode, pytest.raises(RuntimeError, match="size"):
        torch.ones(2) + torch.ones(3)
    assert mode.failure == ""


def test_a_mode_that_has_ended_lets_every_call_pass(mode):
    mode.end()
    x = torch.ones(2, requires_grad=True)
    with mode:
        x.detach()
    assert not mode.tape.calls


def test_a_block_that_an_interrupt_left_open_is_closed(mode):
    with mode:
        torch.no_grad().__enter__()
        mode.leave_blocks()
    assert torch.is_grad_enabled()


def test_a_live_value_that_is_written_through_an_array_is_cut_there():
    def step(net):
        memory = torch.zeros(4, 3)
        memory.numpy()[:] = net.first(X).detach().numpy()
        return net.last(memory).sum()

    assert cut(report_of(step)).kind in (CutKind.DETACH, CutKind.NUMPY)


def test_a_constant_that_is_written_is_no_value_of_the_net():
    def step(net):
        memory = torch.zeros(4, 3)
        memory.numpy()[:] = np.eye(4, 3)
        return net.last(net.first(X) + memory).sum()

    report = report_of(step)
    assert verdict(report) is Verdict.REACHED
    assert not report.cuts


def mine(self, *args, **kwargs):
    return torch.Tensor.relu(self)


def test_torch_s_own_functions_are_what_they_are():
    frame = sys._getframe()
    for function in (torch.Tensor.mul, torch.relu, torch.Tensor.backward, torch.nn.functional.relu):
        assert original_of(function, frame) is function


def test_what_stands_for_a_method_in_c_is_that_method(monkeypatch):
    original = torch.Tensor.sigmoid
    monkeypatch.setattr(torch.Tensor, "sigmoid", mine, raising=False)
    found = original_of(mine, sys._getframe())
    assert found(torch.zeros(1)).tolist() == original(torch.zeros(1)).tolist() == [0.5]


def test_a_function_of_the_user_s_that_stands_for_nothing_is_itself():
    assert original_of(mine, sys._getframe()) is mine


class Counting:
    """What stands for a function, and is none."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.function(*args, **kwargs)


def step():
    x = torch.ones(2, 3, requires_grad=True)
    loss = F.cross_entropy(F.softmax(x.relu(), -1), torch.tensor([0, 1]))
    loss.backward()
    return loss.item(), x.detach().sum().item(), x.grad.numpy().sum()


@pytest.mark.parametrize("make", [lambda f: mock.Mock(side_effect=f), Counting])
@pytest.mark.parametrize("name", ["cross_entropy", "softmax"])
def test_what_stands_for_a_function_and_is_none_is_called_once(make, name, monkeypatch):

    plain = step()
    stands = make(getattr(F, name))
    monkeypatch.setattr(F, name, stands)
    with gradviz.trace():
        assert step() == plain
    assert getattr(stands, "call_count", getattr(stands, "calls", 0)) == 1


def test_a_partial_function_that_stands_for_torchs_own_is_called_once(monkeypatch):
    monkeypatch.setattr(F, "softmax", functools.partial(F.softmax, _stacklevel=4))
    plain = step()
    with gradviz.trace():
        assert step() == plain


@pytest.mark.parametrize("values", [False, True])
def test_what_the_user_put_in_the_place_of_methods_is_not_called_by_gradviz(values, monkeypatch):
    counts = []
    for name in ("item", "numpy", "tolist", "detach"):
        original = getattr(torch.Tensor, name)

        def counted(*args, own=original, **kwargs):
            counts.append(own.__name__)
            return own(*args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, functools.wraps(original)(counted), raising=False)
    step()
    plain = counts[:]
    counts.clear()
    with gradviz.trace(values=values):
        step()
    assert counts == plain


def test_a_function_that_the_collector_does_not_show_runs_once_as_well(monkeypatch):
    counts = []
    original = torch.Tensor.backward

    def counted(self, *args, **kwargs):
        counts.append(1)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(torch.Tensor, "backward", counted)
    monkeypatch.setattr(watching, "_with_code", lambda code: None)
    with gradviz.trace():
        step()
    assert counts == [1]


@pytest.mark.parametrize(
    "function", [torch.Tensor.__rsub__, torch.Tensor.norm, F.cross_entropy, torch.Tensor.backward]
)
def test_what_is_made_like_a_running_function_does_the_same(function):
    frames = []

    class Seen(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            if func is function:
                frames.append(sys._getframe(1).f_back)
            return super().__torch_function__(func, types, args, kwargs or {})

    x = torch.tensor([[1.0, 2.0]])
    given = {
        torch.Tensor.__rsub__: (x, 3.0),
        torch.Tensor.norm: (x,),
        F.cross_entropy: (x, torch.tensor([1])),
        torch.Tensor.backward: (x.requires_grad_().sum(),),
    }[function]
    function(given[0].as_subclass(Seen), *given[1:])
    like = watching._made_again(frames[0])
    assert like.__code__ is function.__code__
    if function is torch.Tensor.norm:
        assert like(x, "fro", None, False, None) == function(x)
    elif function is torch.Tensor.__rsub__:
        assert torch.equal(like(x, 3.0), 3.0 - x)
