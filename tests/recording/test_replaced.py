"""A function that somebody put in the place of torch's runs once."""

import functools
import sys
from unittest import mock

import pytest
import torch
import torch.nn.functional as F

import gradviz
from gradviz.recording import replaced
from gradviz.recording.replaced import original_of


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
    monkeypatch.setattr(replaced, "_with_code", lambda code: None)
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
    like = replaced._made_again(frames[0])
    assert like.__code__ is function.__code__
    if function is torch.Tensor.norm:
        assert like(x, "fro", None, False, None) == function(x)
    elif function is torch.Tensor.__rsub__:
        assert torch.equal(like(x, 3.0), 3.0 - x)
