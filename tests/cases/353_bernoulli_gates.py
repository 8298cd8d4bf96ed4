"""Stochastic gates drawn with torch.bernoulli(p): the op has a derivative, and it is zero, so the gate logits get zeros.
Source: no thread (torch.bernoulli's derivative)"""
import torch
from torch import nn
import torch.nn.functional as F


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 6)
        self.gate_logits = nn.Parameter(torch.zeros(6))
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        keep = torch.sigmoid(self.gate_logits)
        gates = torch.bernoulli(keep)
        return self.out(torch.tanh(self.fc(x)) * gates)


def step():
    torch.manual_seed(0)
    model = Gated()
    return F.cross_entropy(model(torch.randn(6, 5)), torch.tensor([0, 1, 0, 1, 0, 1])), model


EXPECT = {"fc.weight": "reached", "fc.bias": "reached", "gate_logits": "zero", "out.weight": "reached", "out.bias": "reached"}
CUTS = []
ZEROS = [("bernoulli", "gates = torch.bernoulli(keep)")]
