"""A curvature penalty from torch.autograd.functional.hvp without create_graph is added to the loss: the printed loss moves, the net does not feel it."""
import torch
from torch import nn


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    x = torch.randn(2)
    curve = torch.autograd.functional.hvp(lambda x: model(x).sum(), x, torch.ones(2))[1]
    return model(x).square().sum() + curve.square().sum(), model


EXPECT = {"0.weight": "reached", "0.bias": "reached", "2.weight": "reached", "2.bias": "reached"}
CUTS = [("grad_without_graph", "curve = torch.autograd.functional.hvp(lambda x: model(x).sum(), x, torch.ones(2))[1]")]
PARTIAL = ["0.weight", "0.bias", "2.weight"]
