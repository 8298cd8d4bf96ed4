"""A margin counts only while it is positive: its sign comes back as a truth value.
Source: no thread"""
import torch
from torch import nn
import torch.nn.functional as F


def step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    x = torch.randn(6, 4)
    margin = model[0](x).mean() + 0.5
    positive = bool(margin > 0)
    return F.cross_entropy(model(x), torch.arange(6) % 3) * positive, model


EXPECT = {"0.weight": "reached", "0.bias": "reached", "2.weight": "reached", "2.bias": "reached"}
CUTS = [("non_differentiable", "positive = bool(margin > 0)")]
PARTIAL = ["0.weight", "0.bias"]
