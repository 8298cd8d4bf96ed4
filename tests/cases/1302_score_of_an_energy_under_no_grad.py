"""A score is the gradient of a learned energy by torch.func.grad; the call stands in a no_grad block, and what torch.func switches on again is its own layer alone.   Source: cf. pytorch/functorch docs on no_grad outside of grad"""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.energy = nn.Sequential(nn.Linear(3, 4), nn.Softplus(), nn.Linear(4, 1, bias=False))
        self.step = nn.Parameter(torch.tensor(0.1))


def step():
    torch.manual_seed(0)
    model = Net()
    x = torch.randn(4, 3)
    with torch.no_grad():
        score = torch.func.grad(lambda v: model.energy(v).sum())(x)
    return (x - model.step * score).square().mean(), model


EXPECT = {"energy.0.weight": "cut", "energy.0.bias": "cut", "energy.2.weight": "cut", "step": "reached"}
CUTS = [("no_grad", "score = torch.func.grad(lambda v: model.energy(v).sum())(x)")]
ALT = {CUTS[0][1]: ["with torch.no_grad():"]}
