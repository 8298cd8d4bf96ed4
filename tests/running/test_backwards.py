"""The calls of torch that a run is told of."""

import pytest
import torch
from torch import Tensor

from gradviz.running.backwards import Watch, _inputs, _losses, is_watched
from gradviz.running.settings import Settings

A, B = torch.ones(1, requires_grad=True), torch.ones(2, requires_grad=True)


@pytest.mark.parametrize(
    ("args", "kwargs", "losses"),
    [
        ((A,), {}, [A]),
        (([A, B],), {}, [A, B]),
        ((), {"tensors": A}, [A]),
        ((), {"self": B}, [B]),
        ((), {}, []),
    ],
)
def test_a_backward_begins_from_what_it_is_given(args, kwargs, losses):
    assert [*map(id, _losses(args, kwargs))] == [*map(id, losses)]


@pytest.mark.parametrize(
    ("args", "kwargs", "inputs"),
    [
        ((A, B), {}, [B]),
        ((A,), {"inputs": (A, B)}, [A, B]),
        ((A,), {"inputs": None}, []),
        ((A, [B, "no tensor"]), {}, [B]),
    ],
)
def test_it_gives_gradient_to_what_it_was_asked_for(args, kwargs, inputs):
    assert [*map(id, _inputs(args, kwargs, 1))] == [*map(id, inputs)]


def test_a_watch_tells_of_a_backward_and_leaves_torch_as_it_was():
    before = torch.autograd.backward, torch.autograd.grad, Tensor.backward
    told = []
    watch = Watch(Settings(backward=(1,)), voice=lambda text, *, alarm=False: told.append(text))
    watch.begin()
    try:
        assert is_watched()
        torch.nn.Linear(2, 1)(torch.ones(2)).backward()
    finally:
        watch.end()
    assert not is_watched()
    assert (torch.autograd.backward, torch.autograd.grad, Tensor.backward) == before
    assert "backward 1" in "".join(told)
