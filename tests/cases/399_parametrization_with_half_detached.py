"""A symmetric parametrisation built from the upper triangle; the second term was detached "because it is only a mirror image".
Source: no thread (torch.nn.utils.parametrize tutorial)"""
import torch
from torch import nn
from torch.nn.utils import parametrize
import torch.nn.functional as F


class Symmetric(nn.Module):
    def forward(self, w):
        mirror = w.triu(1).detach().transpose(-1, -2)
        return w.triu() + mirror


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2))
    parametrize.register_parametrization(model[0], "weight", Symmetric())
    return F.cross_entropy(model(torch.randn(6, 4)), torch.tensor([0, 1, 0, 1, 0, 1])), model


EXPECT = {"0.bias": "reached", "0.parametrizations.weight.original": "reached", "2.weight": "reached", "2.bias": "reached"}
CUTS = [("detach", "mirror = w.triu(1).detach().transpose(-1, -2)")]
ALT = {CUTS[0][1]: ["return F.cross_entropy(model(torch.randn(6, 4)), torch.tensor([0, 1, 0, 1, 0, 1])), model"]}
PARTIAL = ["0.parametrizations.weight.original"]
