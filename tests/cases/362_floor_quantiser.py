"""Learned step size quantisation without a straight-through estimator: floor's derivative is zero, so the layer before it has zeros
while the step size, which also multiplies the result, trains.   Source: no thread (LSQ without the estimator)"""
import torch
from torch import nn
import torch.nn.functional as F


class QuantLinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 5) * 0.5)
        self.size = nn.Parameter(torch.tensor(0.25))

    def forward(self, x):
        levels = torch.floor(self.weight / self.size + 0.5)
        return F.linear(x, levels * self.size)


def step():
    torch.manual_seed(0)
    model = QuantLinear()
    return F.cross_entropy(model(torch.randn(6, 5)), torch.tensor([0, 1, 2, 0, 1, 2])), model


EXPECT = {"weight": "zero", "size": "reached"}
CUTS = []
ZEROS = [("floor", "levels = torch.floor(self.weight / self.size + 0.5)")]
