"""Weights in bfloat16, activations cast up and down with .float(), .to() and .type(): casts between floats are recorded.
Source: no thread (idiom)"""
import torch
from torch import nn
import torch.nn.functional as F


class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 6, dtype=torch.bfloat16)
        self.norm = nn.LayerNorm(6)
        self.b = nn.Linear(6, 2, dtype=torch.bfloat16)

    def forward(self, x):
        h = self.a(x.to(torch.bfloat16)).float()
        h = self.norm(h).type(torch.bfloat16)
        return self.b(F.relu(h)).double()


def step():
    torch.manual_seed(0)
    model = Mixed()
    return F.cross_entropy(model(torch.randn(6, 4)), torch.tensor([0, 1, 0, 1, 0, 1])).half().float(), model


EXPECT = {f"{m}.{k}": "reached" for m in ("a", "norm", "b") for k in ("weight", "bias")}
CUTS = []
BUG = False
