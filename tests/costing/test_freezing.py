"""A layer is frozen in several ways, and the model is left as it was."""

import contextlib

import torch
from torch import nn

from gradviz.article import STRATEGIES, Net
from gradviz.costing.freezing import parameters_before, ways


def test_everything_before_a_layer_is_what_began_to_run_before_it_ended_less_what_is_used_again():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first, self.middle = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
            self.tied = nn.Linear(2, 2)
            self.out = nn.Linear(2, 2)
            self.out.weight = self.tied.weight

        def forward(self, x):
            return self.last(self.out(self.middle(self.first(self.tied(x)))))

    net = Tied()
    before = parameters_before(net, net.middle, lambda: net(torch.ones(1, 2)))
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    assert {names[id(one)] for one in before} == {
        "first.weight",
        "first.bias",
        "middle.weight",
        "middle.bias",
        "tied.bias",
    }


def test_a_model_is_left_as_it_was():
    net, x = Net(STRATEGIES["none"], "f2"), torch.tensor([[1.0]])
    for way in ways(net, "f2", lambda: net(x).sum()).values():
        with contextlib.suppress(ZeroDivisionError), way.context():
            way.forward()
            raise ZeroDivisionError
    assert all(one.requires_grad and one.grad is None for one in net.parameters())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in net.modules())
    assert torch.is_grad_enabled()
