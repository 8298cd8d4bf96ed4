"""A pullback of torch.func.vjp is fed with what another layer says, detached: that layer weights the loss and never trains.   Source: no thread (torch.func idiom)"""

import torch
from torch import nn


class N(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 3)
        self.g = nn.Linear(3, 3)


def step():
    torch.manual_seed(0)
    model = N()
    x = torch.randn(3)
    y, pull = torch.func.vjp(lambda z: torch.tanh(model.f(z)), x)
    (gx,) = pull(torch.sigmoid(model.g(x)).detach())
    return gx.square().sum() + y.sum(), model


EXPECT = {"f.weight": "reached", "f.bias": "reached", "g.weight": "cut", "g.bias": "cut"}
CUTS = [("detach", "(gx,) = pull(torch.sigmoid(model.g(x)).detach())")]
