"""What an autograd node has saved is read, and nothing of the user's runs for it."""

import torch

from gradviz.recording.arithmetic.saved import number, saved


def test_tensors_are_read_by_torch_s_names():
    x = torch.tensor([1.0, 4.0], requires_grad=True)
    assert saved(x.sqrt().grad_fn)["result"].tolist() == [1.0, 2.0]
    assert saved((x * x).grad_fn).keys() == {"self", "other"}
    assert saved((x + 1).grad_fn) == {}


def test_numbers_are_read_and_a_negative_one_is_negative():
    x = torch.ones(2, 3, requires_grad=True)
    assert number(x.pow(3).grad_fn, "exponent") == 3.0
    assert number(x.softmax(-1).grad_fn, "dim") == -1.0
    assert number(x.exp().grad_fn, "exponent") is None


def test_hooks_that_pack_are_not_run_again():
    calls = []

    def unpack(tensor):
        calls.append(1)
        return tensor

    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, unpack):
        y = x.exp()
    assert saved(y.grad_fn) == {}
    assert calls == []


def test_what_backward_has_freed_is_not_read():
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    y.sum().backward()
    assert saved(y.grad_fn) == {}
