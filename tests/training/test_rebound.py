"""Tensors that are made anew of themselves and their gradient."""

import torch

import gradviz
from gradviz.training.rebound import find_rebound


def rebound(update):
    """Return what is found in the second call of a script that trains ``w`` so."""
    w = torch.ones(3, requires_grad=True)
    with gradviz.trace() as trace:
        for _ in range(2):
            loss = (w * torch.arange(3.0)).square().sum()
            loss.backward()
            last, w = w, update(w)
        return find_rebound(trace.report(loss, {"w": last}).graph)


def test_a_tensor_less_its_gradient_is_the_tensor_anew():
    found = rebound(lambda w: (w - 0.1 * w.grad).detach().requires_grad_())
    assert found["w"].code.endswith("requires_grad_())")
    assert "w" in rebound(lambda w: torch.nn.Parameter(w.data - 0.1 * w.grad / w.grad.norm()))


def test_what_is_made_of_other_things_is_another():
    assert not rebound(lambda w: torch.ones(3, requires_grad=True))
    assert not rebound(lambda w: w.detach().clone().requires_grad_())
    assert not rebound(lambda w: (0.1 * w.grad).detach().requires_grad_())
